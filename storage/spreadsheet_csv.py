"""Writes CSV files in which no cell is a formula for a spreadsheet.

A text that looks like a formula is escaped by an apostrophe before it. Such a text begins with =,
+, -, @, a tab or a line break, perhaps after apostrophes. Numbers, and texts that are numbers, are
not escaped. `unescape_formula` removes the apostrophe.
"""

import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

_FORMULA_START = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - Excel accepts these too
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)([eE][+-]?\d+)?%?")


def escape_formula(value: Any) -> Any:
    """Returns the value. If it is a text that looks like a formula, adds an apostrophe first."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value) or not _FORMULA_START.match(value):
        return value
    return f"'{value}"


def unescape_formula(text: str) -> str:
    """Returns the text without the apostrophe that `escape_formula` has added, if any."""
    return text[1:] if text.startswith("'") and _FORMULA_START.match(text) else text


def escape_formulas(table: "pd.DataFrame") -> "pd.DataFrame":
    """Returns a table in which all cells and all names of rows and columns are escaped."""
    safe = table.copy(deep=False)
    for number, kind in enumerate(table.dtypes):
        if kind.kind not in "biufcmM":
            cells = table.iloc[:, number].astype(object).map(escape_formula)
            safe.isetitem(number, cells.to_numpy())
    safe.columns = table.columns.map(escape_formula)
    safe.index = table.index.map(escape_formula)
    safe.index.names = table.index.names
    return safe


def write_csv(table: "pd.DataFrame", to: Path | IO[bytes], *, index: str | None = None) -> None:
    """Writes a table as CSV in UTF-8. File names in the table that are not UTF-8 keep their bytes.

    `index` is the header of the column for the table's index; with None, the index is left out.
    """
    mode: Literal["w", "wb"] = "w" if isinstance(to, Path) else "wb"
    escape_formulas(table).to_csv(
        to,
        index=index is not None,
        index_label=index,
        mode=mode,
        encoding="utf-8",
        errors="surrogateescape",
        lineterminator="\n",
    )
