"""Words about columns: the nearest name, and the first few of many."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from ..data_error import DataError

MAX_QUOTED = 10


def check_column_exists(
    columns: Sequence[str], name: str, path: Path, option: str = "target"
) -> None:
    """Raises DataError, with the nearest name, if an option names what is not a column."""
    if name not in columns:
        hint = did_you_mean(name, columns)
        raise DataError(f"{path} has no column {name!r} for `{option}=`: {hint}")


def did_you_mean(name: str, columns: Sequence[str]) -> str:
    """Returns a hint with the nearest of some columns, in whatever case, or with a few of them."""
    lower = {column.lower(): column for column in columns}
    close = get_close_matches(name.lower(), lower, n=1)
    return f"did you mean {lower[close[0]]!r}?" if close else f"it has {quote_some(columns)}"


def quote_some(words: Sequence[str]) -> str:
    """Returns the first ten words in quotes, and how many more there are."""
    more = f" and {len(words) - MAX_QUOTED} more" if len(words) > MAX_QUOTED else ""
    return ", ".join(map(repr, words[:MAX_QUOTED])) + more
