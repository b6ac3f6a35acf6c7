"""The table of a reproduction: what was published beside what was found."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ...storage.csv_files import write_csv
from ...storage.drawing.published import beside_published
from ...storage.runs import Runs, replaced_folder
from .reproduce import Found
from .rows import ROWS

COLUMNS = {
    "row": "row",
    "system": "system",
    "data": "data",
    "figure": "figure",
    "published": "published",
    "settings": "same settings",
    "searched": "after a search",
    "note": "note",
    "seconds": "seconds",
    "commands": "commands",
}
"""The columns, and their titles."""
NOT_RUN = "not run"


def describe(found: Found) -> str:
    """Returns what came of a run, in a line."""
    if found.value is None:
        return f"{found.row}, {COLUMNS[found.kind]}: {found.why_not}"
    value = _figure(found.value, _cut(found))
    return f"{found.row}, {COLUMNS[found.kind]}: {value}, {found.seconds:g} s"


def make_table(found: Iterable[Found]) -> pd.DataFrame:
    """Makes a table with a line for each row, whether it was run or not.

    Args:
        found: What came of runs; of the same run twice, the later one counts, if it has a figure.

    Returns:
        The columns of `COLUMNS`; `settings` and `searched` are figures, or missing. The columns
        `settings epochs` and `searched epochs` say how long was trained, where it was cut short.
    """
    known = sorted(found, key=lambda one: one.value is not None)
    runs = {(one.row, one.kind): one for one in known}
    lines = []
    for name, row in ROWS.items():
        here = {
            kind: runs.get((name, kind), Found(name, kind, why_not=NOT_RUN)) for kind in row.runs
        }
        missing = dict.fromkeys(one.why_not for one in here.values() if one.why_not)
        lines.append(
            {
                "row": name,
                "system": row.system,
                "data": row.data,
                "figure": "" if row.figure is None else row.figure.key.split(".")[-1],
                "published": row.published,
                "note": "; ".join(filter(None, [row.note, *missing])),
                "seconds": round(sum(one.seconds for one in here.values())),
                "commands": "\n".join(text for one in here.values() for text in one.commands),
                **{kind: one.value for kind, one in here.items()},
                **{f"{kind} epochs": _cut(one) for kind, one in here.items()},
            }
        )
    return pd.DataFrame(lines, columns=[*COLUMNS, "settings epochs", "searched epochs"])


def markdown(table: pd.DataFrame) -> str:
    """Returns a table as Markdown, each command in a line of its cell."""
    lines = ["| " + " | ".join(COLUMNS.values()) + " |", "|--" * len(COLUMNS) + "|"]
    for _, line in table.iterrows():
        cells = {name: "" if pd.isna(line[name]) else str(line[name]) for name in COLUMNS}
        for name in ("published", "settings", "searched"):
            cells[name] = _figure(line[name], line.get(f"{name} epochs", ""))
        cells["commands"] = "<br>".join(f"`{c}`" for c in cells["commands"].splitlines())
        lines.append("| " + " | ".join(cells.values()) + " |")
    return "\n".join(lines) + "\n"


def write_table(table: pd.DataFrame, root: Path) -> Path:
    """Writes `table.md`, `table.csv` and, if anything can be compared, `table.png`.

    Returns:
        The folder that they are in.
    """
    target = root / "table"
    with replaced_folder(target, Runs(root)) as folder:
        (folder / "table.md").write_text(markdown(table))
        write_csv(table, folder / "table.csv")
        errors = relative_errors(table)
        if len(errors):
            beside_published(errors, folder / "table.png")
    return target


def relative_errors(table: pd.DataFrame) -> pd.DataFrame:
    """Returns how large an error is in published ones: below 1 it is smaller.

    Of a share, such as an accuracy, the error is what is missing to 1; other figures of which more
    is better, such as an ELBO, have none.

    Returns:
        Columns `row`, `which`, the title of a column, and `error`.
    """
    lines = []
    for _, line in table.iterrows():
        row = ROWS[line["row"]]
        if row.published is None or row.figure is None:
            continue
        if row.figure.way == "maximize" and row.published > 1:
            continue
        for kind in row.runs:
            if pd.notna(line[kind]):
                ours, theirs = line[kind], row.published
                if row.figure.way == "maximize":
                    ours, theirs = 1 - ours, 1 - theirs
                lines.append((f"{line['row']}  {row.system}", COLUMNS[kind], ours / theirs))
    return pd.DataFrame(lines, columns=["row", "which", "error"])


def _cut(found: Found) -> str:
    return f"{found.epochs} of {found.of}" if found.epochs < found.of else ""


def _figure(value: float, epochs: str) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.4g}" + (f" ({epochs} epochs)" if isinstance(epochs, str) and epochs else "")
