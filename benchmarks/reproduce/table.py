"""The table and the plot of published and reproduced values."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import seaborn as sns

from latentune.storage.folder_replacement import replace_folder
from latentune.storage.runs_folder import Runs
from latentune.storage.spreadsheet_csv import write_csv
from latentune.studies.display.plots.figure import add_legend_outside, open_figure, set_log_scale

from .reproduction import Result
from .rows import ROWS

COLUMNS = {
    "row": "row",
    "system": "system",
    "data": "data",
    "metric": "metric",
    "published": "published",
    "settings": "same settings",
    "searched": "after a search",
    "note": "note",
    "seconds": "seconds",
    "commands": "commands",
}
"""The columns and their titles."""


def describe(result: Result) -> str:
    """Returns the result of a run in one line."""
    start = f"{result.row}, {COLUMNS[result.kind]}: "
    if result.value is None:
        return start + result.error
    return f"{start}{_value_text(result.value, _fewer_epochs(result))}, {result.seconds:g} s"


def make_table(results: Iterable[Result]) -> pd.DataFrame:
    """Makes a table with one line for each row of rows.toml.

    Args:
        results: Results of runs. The last result with a value counts if a run has several.

    Returns:
        The columns of `COLUMNS`; `settings` and `searched` are values or missing. The columns
        `settings epochs` and `searched epochs` name the epochs of trainings that were cut.
    """
    ordered = sorted(results, key=lambda result: result.value is not None)
    by_run = {(result.row, result.kind): result for result in ordered}
    lines = []
    for name, row in ROWS.items():
        not_run = {kind: Result(name, kind, error="not run") for kind in row.runs}
        runs = {kind: by_run.get((name, kind), missing) for kind, missing in not_run.items()}
        errors = dict.fromkeys(result.error for result in runs.values())
        lines.append(
            {
                "row": name,
                "system": row.system,
                "data": row.data,
                "metric": row.metric.split(".")[-1],
                "published": row.published,
                "note": "; ".join(filter(None, [row.note, *errors])),
                "seconds": round(sum(result.seconds for result in runs.values())),
                "commands": "\n".join(line for one in runs.values() for line in one.commands),
                **{kind: result.value for kind, result in runs.items()},
                **{f"{kind} epochs": _fewer_epochs(result) for kind, result in runs.items()},
            }
        )
    return pd.DataFrame(lines, columns=[*COLUMNS, "settings epochs", "searched epochs"])


def markdown(table: pd.DataFrame) -> str:
    """Returns a table as Markdown, with each command in a line of its cell."""
    lines = ["| " + " | ".join(COLUMNS.values()) + " |", "|--" * len(COLUMNS) + "|"]
    for _, line in table.iterrows():
        cells = {name: "" if pd.isna(line[name]) else str(line[name]) for name in COLUMNS}
        for name in ("published", "settings", "searched"):
            cells[name] = _value_text(line[name], line.get(f"{name} epochs", ""))
        cells["commands"] = "<br>".join(f"`{c}`" for c in cells["commands"].splitlines())
        lines.append("| " + " | ".join(cells.values()) + " |")
    return "\n".join(lines) + "\n"


def write_table(table: pd.DataFrame, root: Path) -> Path:
    """Writes `table.md`, `table.csv` and, if values can be compared, `table.png`.

    Returns:
        The folder of these files.
    """
    target = root / "table"
    with replace_folder(target, Runs(root)) as folder:
        (folder / "table.md").write_text(markdown(table), encoding="utf-8")
        write_csv(table, folder / "table.csv")
        errors = relative_errors(table)
        if len(errors):
            plot_relative_errors(errors, folder / "table.png")
    return target


def relative_errors(table: pd.DataFrame) -> pd.DataFrame:
    """Returns each reproduced error divided by the published one.

    The error of a share, such as an accuracy, is its distance to 1. Other metrics to maximize,
    such as an ELBO, have no error.

    Returns:
        Columns `row`, `run` (the title of a column of the table) and `error`.
    """
    lines = []
    for _, line in table.iterrows():
        row = ROWS[line["row"]]
        is_share = row.direction == "maximize"
        if row.published is None or (is_share and row.published > 1):
            continue
        for kind in row.runs:
            if pd.notna(line[kind]):
                ours, published = line[kind], row.published
                if is_share:
                    ours, published = 1 - ours, 1 - published
                lines.append((f"{line['row']}  {row.system}", COLUMNS[kind], ours / published))
    return pd.DataFrame(lines, columns=["row", "run", "error"])


def plot_relative_errors(errors: pd.DataFrame, path: Path) -> None:
    """Plots relative errors, one line for each row.

    Args:
        errors: Columns `row`, `run` and `error`, above 0.
        path: The file to write.
    """
    rows = errors["row"].nunique()
    with open_figure(path, 9, 1.4 + 0.4 * rows) as figure:
        axes = figure.subplots()
        axes.axvline(1, color="0.5", linewidth=1)
        sns.scatterplot(errors, x="error", y="row", hue="run", style="run", s=80, ax=axes)
        set_log_scale(axes.xaxis, errors["error"])
        axes.set(xlabel="error / published error (left of 1 is better)", ylabel="")
        axes.margins(y=0.5 / rows)
        axes.grid(axis="y", color="0.9")
        add_legend_outside(axes)
        sns.despine(figure, left=True)


def _fewer_epochs(result: Result) -> str:
    cut = result.epochs < result.planned_epochs
    return f"{result.epochs} of {result.planned_epochs}" if cut else ""


def _value_text(value: float, epochs: str) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.4g}" + (f" ({epochs} epochs)" if isinstance(epochs, str) and epochs else "")
