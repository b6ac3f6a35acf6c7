"""What a column holds, judged by all of its values: numbers, flags or text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....models.data_spec import Column
from ..data_error import DataError
from .normalize_label import normalize_label
from .number_format import (
    AmbiguousNumberError,
    MixedFormatError,
    are_ambiguous_numbers,
    are_plain_numbers,
    infer_number_format,
    parse_number,
)
from .table_options import TableOptions, format_option

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import Series

MAX_CATEGORIES = 50
"""Different values of a column that are still classes or categories, not names or numbers."""
MISSING_WORDS = ("", "na", "n/a", "nan", "null", "?")
"""What is written where a value is missing, in lower case."""
MISSING_NUMBER_WORDS = (
    *MISSING_WORDS,
    "-",
    "--",
    ".",
    "none",
    "<na>",
    "#n/a",
    "#div/0!",
    "#value!",
)
"""What is written where a number is missing, in lower case."""
BOOLEAN_WORDS = {"true": 1.0, "false": 0.0}
AMBIGUOUS_FRACTIONS_NOTE = "fractions with three digits each; `decimal=` , reads them as thousands"
MAX_NON_NUMBER_SHARE = 0.1
"""Share of the values, up to which those that are not numbers are named one by one."""
MAX_BOOLEAN_SPELLINGS = 2**9
"""Ways to write these two words in small and capital letters."""
NUMBER_ROLES = ("number", "amount")
FEATURE_ROLES = (*NUMBER_ROLES, "flag", "category")
"""What a column can be of which features are made."""


def infer_column_type(
    column: Series[Any], path: Path, options: TableOptions
) -> tuple[Column, str]:
    """Returns how a column is read, and a note if that is not plain to see.

    Numbers are an `amount` if they have a unit or marks at thousands: these are never names.

    Args:
        column: Texts without blanks around them.
        path: The file, for errors.
        options: What a user says of it.

    Raises:
        DataError: If numbers could be thousands as well as fractions, or what a user calls a
            number is not one.
    """
    name = str(column.name)
    if name in options.as_category or name == options.text:
        return Column(name, "text"), ""
    texts = column.unique().tolist()
    if not are_plain_numbers(texts):  # nearly all columns are, and there may be millions of values
        texts = [text for text in texts if text.lower() not in MISSING_NUMBER_WORDS]
    if 0 < len(texts) < MAX_BOOLEAN_SPELLINGS and {text.lower() for text in texts} <= set(
        BOOLEAN_WORDS
    ):
        return Column(name, "flag"), ""
    is_declared_number = name in options.as_number
    if (
        not is_declared_number
        and are_categories(len(texts), len(column))
        and (pair := _equal_numbers(texts))
    ):
        said = f"{pair[0]!r} and {pair[1]!r} are different values, so the column is text"
        return Column(name, "text"), said
    try:
        return _number_type(name, texts, options.decimal, is_declared_number)
    except AmbiguousNumberError as error:
        raise ambiguous_number_error(str(error), name, path) from error
    except MixedFormatError as error:
        if is_declared_number or not are_categories(len(texts), len(column)):
            raise DataError(
                f"{path} has, in the column {name!r}, {error}: write them in one way, or leave it "
                f"out by {format_option('drop', name)}"
            ) from error
        return Column(name, "text"), f"{error}, are categories"
    except ValueError as error:
        if is_declared_number:
            raise DataError(
                f"{path} has a column {name!r} that is not numbers alone: {error}"
            ) from error
        return Column(name, "text"), ""


def ambiguous_number_error(example: str, name: str, path: Path) -> DataError:
    """Returns the error of a number that may be a thousand or a fraction."""
    ways = " or ".join(f"{parse_number(example, mark):.10g} by `decimal=` {mark}" for mark in ".,")
    return DataError(
        f"{path} has {example} in the column {name!r}, which may be {ways}: say which, or keep it "
        f"as a name by {format_option('as_category', name)}"
    )


def convert_column(column: Series[Any], kind: Column) -> Series[Any]:
    """Returns a column of text as its type says.

    Args:
        column: N texts without blanks around them.
        kind: How it is read.

    Returns:
        N floats of numbers and flags, NaN where there is none; or N names of categories.
    """
    import numpy as np
    import pandas as pd

    codes, different = pd.factorize(column)
    texts = different.tolist()
    found: Any = texts
    if kind.role == "flag":
        found = [BOOLEAN_WORDS.get(text.lower(), float("nan")) for text in texts]
    elif kind.role in NUMBER_ROLES:
        found = _floats(texts) if kind.decimal != "," else None
        if found is None:
            found = [_number(text, kind) for text in texts]
    else:
        found = [normalize_label(text) for text in texts]
    dtype = float if kind.role in ("flag", *NUMBER_ROLES) else object
    values = np.array(found, dtype=object).astype(dtype)
    return pd.Series(values[codes], column.index, dtype, kind.name)


def check_mostly_numbers(column: Series[Any], path: Path) -> None:
    """Raises DataError if a few values of a column of text are not numbers, and all others are."""
    non_numbers = column[[_is_not_a_number(text) for text in column]]
    if 0 < len(non_numbers) <= MAX_NON_NUMBER_SHARE * len(column):
        row, text = int(str(non_numbers.index[0])) + 1, non_numbers.iloc[0]
        more = f", and {len(non_numbers) - 1:,} more" if len(non_numbers) > 1 else ""
        raise DataError(
            f"{path} has {text!r} in row {row} of the column {column.name!r}{more}, where all "
            "else is a number: correct it, or leave the column out by "
            f"{format_option('drop', str(column.name))}"
        )


def missing_words(kind: Column) -> tuple[str, ...]:
    """Returns what is written in a column, in lower case, where a value is missing."""
    return MISSING_NUMBER_WORDS if kind.role in NUMBER_ROLES else MISSING_WORDS


def are_categories(distinct: int, n: int) -> bool:
    """Says whether so many different values of n items are those of classes or categories."""
    return distinct <= MAX_CATEGORIES and 2 * distinct <= n


def _number_type(
    name: str, texts: Sequence[str], decimal: str | None, is_declared_number: bool
) -> tuple[Column, str]:
    if not texts:
        raise ValueError("there are no values")
    if are_plain_numbers(texts):
        mark = "." if "." in "".join(texts) else ""
        return Column(name, "number", mark), ""
    writing = infer_number_format(texts, decimal, allow_codes=is_declared_number)
    said = []
    if writing.unit:
        said.append(f"numbers with the unit {writing.unit!r}")
    if writing.grouped:
        said.append("numbers with marks at thousands")
    if writing.decimal == ",":
        said.append("numbers with decimal commas")
    if writing.decimal == "." and not said and are_ambiguous_numbers(texts):
        said.append(AMBIGUOUS_FRACTIONS_NOTE)
    role = "amount" if writing.unit or writing.grouped else "number"
    return Column(name, role, writing.decimal, writing.unit), ", ".join(said)


def _floats(texts: Sequence[str]) -> NDArray[Any] | None:
    """Returns texts as floats, or None if Python does not read all of them as such."""
    import numpy as np

    try:
        return np.array(texts, dtype=object).astype(float)
    except ValueError:
        return None


def _is_not_a_number(text: str) -> bool:
    try:
        infer_number_format([text], ".", allow_codes=True)
    except ValueError:
        return text.lower() not in MISSING_NUMBER_WORDS
    return False


def _number(text: str, kind: Column) -> float:
    try:
        return (
            float("nan")
            if text.lower() in MISSING_NUMBER_WORDS
            else parse_number(text, kind.decimal, kind.unit)
        )
    except ValueError:
        return float("nan")


def _equal_numbers(texts: Sequence[str]) -> tuple[str, str] | None:
    """Returns two texts that are the same number, such as versions 1.1 and 1.10, if any are."""
    seen: dict[str, str] = {}
    for text in texts:
        whole, point, fraction = text.partition(".")
        if point and fraction.isdigit() and fraction.strip("0"):
            same = f"{whole}.{fraction.rstrip('0')}"
            if same in seen:
                return seen[same], text
            seen[same] = text
    return None
