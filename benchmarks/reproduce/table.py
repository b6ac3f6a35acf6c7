"""The table and the plot of published and reproduced values."""

from collections.abc import Collection, Iterable
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
    "epochs": "epochs",
    "published": "published",
    "settings": "same settings",
    "searched": "after a search",
    "note": "note",
    "seconds": "CPU seconds",
    "commands": "commands",
}
"""The columns and their titles."""


def describe(result: Result) -> str:
    """Returns the result of a run in one line."""
    start = f"{result.row}, {COLUMNS[result.kind]}: "
    if result.value is None:
        return start + result.error
    return f"{start}{_result_text(result)}, {result.seconds:g} s of CPU time"


def make_table(results: Iterable[Result]) -> pd.DataFrame:
    """Makes a table with one line for each row of rows.toml.

    Args:
        results: Results of runs. The last result with a value counts if a run has several.

    Returns:
        The columns of `COLUMNS`; `settings` and `searched` are values or missing. Besides,
        `settings text` and `searched text` are the values with their spread over seeds and, of
        trainings that were cut, the epochs; `settings cut` and `searched cut` tell which were.
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
                "epochs": row.epochs or "",
                "published": row.published,
                "note": "; ".join(filter(None, [row.note, *errors])),
                "seconds": round(sum(result.seconds for result in runs.values())),
                "commands": "\n".join(line for one in runs.values() for line in one.commands),
                **{kind: result.value for kind, result in runs.items()},
                **{f"{kind} text": _result_text(result) for kind, result in runs.items()},
                **{f"{kind} cut": result.is_cut for kind, result in runs.items()},
            }
        )
    added = [f"{kind} {what}" for what in ("text", "cut") for kind in ("settings", "searched")]
    return pd.DataFrame(lines, columns=[*COLUMNS, *added])


def markdown(table: pd.DataFrame, without: Collection[str] = ()) -> str:
    """Returns a table as Markdown, with each command in a line of its cell.

    The columns `without` are left out.
    """
    shown = {name: title for name, title in COLUMNS.items() if name not in without}
    lines = ["| " + " | ".join(shown.values()) + " |", "|--" * len(shown) + "|"]
    for _, line in table.iterrows():
        cells = {name: "" if pd.isna(line[name]) else str(line[name]) for name in COLUMNS}
        cells["published"] = "" if pd.isna(line["published"]) else f"{line['published']:.4g}"
        for name in ("settings", "searched"):
            cells[name] = "" if pd.isna(line[f"{name} text"]) else line[f"{name} text"]
        cells["commands"] = "<br>".join(f"`{c}`" for c in cells["commands"].splitlines())
        lines.append("| " + " | ".join(cells[name] for name in shown) + " |")
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
        Columns `row`, `run` (the title of a column of the table), `error` and `training` (`whole`
        or `shorter`).
    """
    lines = []
    for _, line in table.iterrows():
        row = ROWS[line["row"]]
        is_share = row.direction == "maximize"
        if row.published is None or (is_share and not 0 <= row.published <= 1):
            continue
        for kind in row.runs:
            if pd.notna(line[kind]):
                ours, published = line[kind], row.published
                if is_share:
                    ours, published = 1 - ours, 1 - published
                training = "shorter" if line[f"{kind} cut"] else "whole"
                system = f"{line['row']}  {row.system}"
                lines.append((system, COLUMNS[kind], ours / published, training))
    return pd.DataFrame(lines, columns=["row", "run", "error", "training"])


def plot_relative_errors(errors: pd.DataFrame, path: Path) -> None:
    """Plots relative errors, one line for each row.

    Args:
        errors: What `relative_errors` returns; errors are above 0.
        path: The file to write.
    """
    rows = errors["row"].nunique()
    with open_figure(path, 9, 1.4 + 0.4 * rows) as figure:
        axes = figure.subplots()
        axes.axvline(1, color="0.5", linewidth=1)
        colors_and_marks = {"hue": "run", "style": "training", "style_order": ["whole", "shorter"]}
        sns.scatterplot(errors, x="error", y="row", **colors_and_marks, s=80, ax=axes)
        set_log_scale(axes.xaxis, errors["error"])
        axes.set(xlabel="error / published error (left of 1 is better)", ylabel="")
        axes.margins(y=0.5 / rows)
        axes.grid(axis="y", color="0.9")
        add_legend_outside(axes)
        sns.despine(figure, left=True)


def _result_text(result: Result) -> str:
    """Returns the value with its spread over seeds, and the epochs if the training was cut."""
    if result.value is None:
        return ""
    spread = "" if result.std is None else f" ± {result.std:.2g}"
    epochs = f" ({result.epochs} of {result.planned_epochs} epochs)" if result.is_cut else ""
    return f"{result.value:.4g}{spread}{epochs}"
