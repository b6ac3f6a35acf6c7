"""Names of columns, classes and categories: one spelling, near matches, and lists of them."""

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from ..data_error import DataError

MAX_QUOTED = 10


def normalize_label(text: str) -> str:
    r"""Returns a name without surrounding blanks, in Unicode's composed form (NFC).

    Operating systems write `ü` as one letter, or as `u` and a combining mark.

    Example:
        >>> normalize_label(" Mu\u0308ller ") == "M\u00fcller"
        True
    """
    return unicodedata.normalize("NFC", text.strip())


def check_column_exists(
    columns: Sequence[str], name: str, path: Path, option: str = "target"
) -> None:
    """Raises DataError with the nearest name if an option names a column that does not exist."""
    if name not in columns:
        hint = did_you_mean(name, columns)
        raise DataError(f"{path} has no column {name!r} for `{option}=`: {hint}")


def did_you_mean(name: str, columns: Sequence[str]) -> str:
    """Returns a hint: the most similar column, or the first columns if none is similar.

    It ignores case.
    """
    lower = {column.lower(): column for column in columns}
    close = get_close_matches(name.lower(), lower, n=1)
    return f"did you mean {lower[close[0]]!r}?" if close else f"it has {quote_some(columns)}"


def quote_some(names: Iterable[str]) -> str:
    """Returns the first ten names in quotes, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - MAX_QUOTED} more" if len(names) > MAX_QUOTED else ""
    return ", ".join(map(repr, names[:MAX_QUOTED])) + more
