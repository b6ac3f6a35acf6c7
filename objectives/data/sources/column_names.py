"""Names of columns, classes and categories: normalization, suggestions and lists in messages."""

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from ..data_error import DataError

MAX_QUOTED_NAMES = 10


def normalize_label(text: str) -> str:
    r"""Returns a text without surrounding blanks, in Unicode's composed form (NFC).

    Some operating systems write `ü` as one character, others as `u` and a combining mark.

    Example:
        >>> normalize_label(" Mu\u0308ller ") == "M\u00fcller"
        True
    """
    return unicodedata.normalize("NFC", text.strip())


def check_column_exists(
    columns: Sequence[str], name: str, path: Path, option: str = "target"
) -> None:
    """Raises DataError if `name`, the value of `option`, is not one of the columns of the file.

    The message suggests the most similar column.
    """
    if name not in columns:
        hint = did_you_mean(name, columns)
        raise DataError(f"{path} has no column {name!r} for `{option}=`: {hint}")


def split_names(text: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Returns the names in a text with commas, without repeats; a whole column is one name.

    Example:
        >>> split_names("x, y", ["x", "y"]), split_names("x, y", ["x, y", "z"])
        (('x', 'y'), ('x, y',))
    """
    if text in columns:
        return (text,)
    return tuple(dict.fromkeys(normalize_label(name) for name in text.split(",")))


def did_you_mean(name: str, columns: Sequence[str]) -> str:
    """Returns a hint with the column that is most similar to `name`, ignoring case.

    If no column is similar, the hint lists the first columns.
    """
    lower = {column.lower(): column for column in columns}
    close = get_close_matches(name.lower(), lower, n=1)
    return f"did you mean {lower[close[0]]!r}?" if close else f"it has {quote_some(columns)}"


def quote_some(names: Iterable[str]) -> str:
    """Returns the first ten names in quotes, and the number of the other names."""
    names = list(names)
    more = f" and {len(names) - MAX_QUOTED_NAMES} more" if len(names) > MAX_QUOTED_NAMES else ""
    return ", ".join(map(repr, names[:MAX_QUOTED_NAMES])) + more
