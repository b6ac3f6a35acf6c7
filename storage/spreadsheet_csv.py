"""CSV files that we write: one rule for cells that a spreadsheet would take for a formula.

A text that begins with =, +, -, @, a tab or a line break gets an apostrophe before it, also in
the first row; one that begins with apostrophes before such a letter gets one more, so that
`unescape_formula` gives each text back. Numbers stay as they are, also negative ones in texts.
"""

import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - which Excel takes for them too
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)([eE][+-]?\d+)?%?")


def escape_formula(value: Any) -> Any:
    """Returns what a cell may hold: a text that no spreadsheet runs, or what else it is."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value) or not _FORMULA.match(value):
        return value
    return f"'{value}"


def unescape_formula(text: str) -> str:
    """Returns the text that `escape_formula` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def escape_formulas(table: "pd.DataFrame") -> "pd.DataFrame":
    """Returns a table whose cells, rows and columns are named so that no spreadsheet runs them."""
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
    """Writes a table as CSV, in UTF-8; names of files that are not in it keep their bytes.

    Args:
        table: The table.
        to: A path, or a file that is open for bytes.
        index: The name of the column with the names of the rows; None for no such column.
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
