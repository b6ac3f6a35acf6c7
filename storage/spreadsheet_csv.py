"""Writes CSV files; spreadsheets do not run their cells as formulas.

A text that begins with =, +, -, @, a tab or a line break gets an apostrophe before it, also in the
first row. A text that begins with apostrophes and such a letter gets one more, so that
`unescape_formula` is the inverse. Numbers are not changed, nor are texts that are numbers.
"""

import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - Excel accepts these too
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)([eE][+-]?\d+)?%?")


def escape_formula(value: Any) -> Any:
    """Returns a value as a cell: a text is escaped if it looks like a formula."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value) or not _FORMULA.match(value):
        return value
    return f"'{value}"


def unescape_formula(text: str) -> str:
    """Returns the text of a cell; the inverse of `escape_formula`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def escape_formulas(table: "pd.DataFrame") -> "pd.DataFrame":
    """Returns a table with escaped cells and escaped names of rows and columns."""
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
    """Writes a table as CSV in UTF-8; file names in it that are not UTF-8 keep their bytes.

    `index` is the name of the column with the index; None leaves it out.
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
