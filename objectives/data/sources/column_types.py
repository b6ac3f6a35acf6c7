"""What a column holds, judged by all of its values: numbers, flags or text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....models.data_spec import Column
from ..errors import DataError
from .labels import label
from .numerals import MixedError, UndecidedError, are_doubtful, are_plain, number, writing_of
from .table_options import TableOptions, way_out

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import Series

MOST = 50
"""Different values of a column that are still classes or categories, not names or numbers."""
MISSING = ("", "na", "n/a", "nan", "null", "?")
"""What is written where a value is missing, in lower case."""
NO_NUMBER = (*MISSING, "-", "--", ".", "none", "<na>", "#n/a", "#div/0!", "#value!")
"""What is written where a number is missing, in lower case."""
FLAGS = {"true": 1.0, "false": 0.0}
DOUBTFUL = "fractions with three digits each; `decimal=` , reads them as thousands"
STRANGE = 0.1
"""Share of the values, up to which those that are not numbers are named one by one."""
LETTER_CASES = 2**9
"""Ways to write these two words in small and capital letters."""
NUMBERS = ("number", "amount")
FEATURES = (*NUMBERS, "flag", "category")
"""What a column can be of which features are made."""


def column_type(column: Series[Any], path: Path, options: TableOptions) -> tuple[Column, str]:
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
    if not are_plain(texts):  # nearly all columns are, and there may be millions of values
        texts = [text for text in texts if text.lower() not in NO_NUMBER]
    if 0 < len(texts) < LETTER_CASES and {text.lower() for text in texts} <= set(FLAGS):
        return Column(name, "flag"), ""
    forced = name in options.as_number
    if not forced and few(len(texts), len(column)) and (pair := _merged(texts)):
        said = f"{pair[0]!r} and {pair[1]!r} are different values, so the column is text"
        return Column(name, "text"), said
    try:
        return _number_type(name, texts, options.decimal, forced)
    except UndecidedError as error:
        raise undecided(str(error), name, path) from error
    except MixedError as error:
        if forced or not few(len(texts), len(column)):
            raise DataError(
                f"{path} has, in the column {name!r}, {error}: write them in one way, or leave it "
                f"out by {way_out('drop', name)}"
            ) from error
        return Column(name, "text"), f"{error}, are categories"
    except ValueError as error:
        if forced:
            raise DataError(
                f"{path} has a column {name!r} that is not numbers alone: {error}"
            ) from error
        return Column(name, "text"), ""


def undecided(example: str, name: str, path: Path) -> DataError:
    """Returns the error of a number that may be a thousand or a fraction."""
    ways = " or ".join(f"{number(example, mark):.10g} by `decimal=` {mark}" for mark in ".,")
    return DataError(
        f"{path} has {example} in the column {name!r}, which may be {ways}: say which, or keep it "
        f"as a name by {way_out('as_category', name)}"
    )


def read_as(column: Series[Any], kind: Column) -> Series[Any]:
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
        found = [FLAGS.get(text.lower(), float("nan")) for text in texts]
    elif kind.role in NUMBERS:
        found = _floats(texts) if kind.decimal != "," else None
        if found is None:
            found = [_number(text, kind) for text in texts]
    else:
        found = [label(text) for text in texts]
    dtype = float if kind.role in ("flag", *NUMBERS) else object
    values = np.array(found, dtype=object).astype(dtype)
    return pd.Series(values[codes], column.index, dtype, kind.name)


def check_mostly_numbers(column: Series[Any], path: Path) -> None:
    """Raises DataError if a few values of a column of text are not numbers, and all others are."""
    strange = column[[_is_strange(text) for text in column]]
    if 0 < len(strange) <= STRANGE * len(column):
        row, text = int(str(strange.index[0])) + 1, strange.iloc[0]
        more = f", and {len(strange) - 1:,} more" if len(strange) > 1 else ""
        raise DataError(
            f"{path} has {text!r} in row {row} of the column {column.name!r}{more}, where all "
            "else is a number: correct it, or leave the column out by "
            f"{way_out('drop', str(column.name))}"
        )


def missing_words(kind: Column) -> tuple[str, ...]:
    """Returns what is written in a column, in lower case, where a value is missing."""
    return NO_NUMBER if kind.role in NUMBERS else MISSING


def few(distinct: int, n: int) -> bool:
    """Says whether so many different values of n items are those of classes or categories."""
    return distinct <= MOST and 2 * distinct <= n


def _number_type(
    name: str, texts: Sequence[str], decimal: str | None, forced: bool
) -> tuple[Column, str]:
    if not texts:
        raise ValueError("there are no values")
    if are_plain(texts):
        mark = "." if "." in "".join(texts) else ""
        return Column(name, "number", mark), ""
    writing = writing_of(texts, decimal, coded=forced)
    said = []
    if writing.unit:
        said.append(f"numbers with the unit {writing.unit!r}")
    if writing.grouped:
        said.append("numbers with marks at thousands")
    if writing.decimal == ",":
        said.append("numbers with decimal commas")
    if writing.decimal == "." and not said and are_doubtful(texts):
        said.append(DOUBTFUL)
    role = "amount" if writing.unit or writing.grouped else "number"
    return Column(name, role, writing.decimal, writing.unit), ", ".join(said)


def _floats(texts: Sequence[str]) -> NDArray[Any] | None:
    """Returns texts as floats, or None if Python does not read all of them as such."""
    import numpy as np

    try:
        return np.array(texts, dtype=object).astype(float)
    except ValueError:
        return None


def _is_strange(text: str) -> bool:
    try:
        writing_of([text], ".", coded=True)
    except ValueError:
        return text.lower() not in NO_NUMBER
    return False


def _number(text: str, kind: Column) -> float:
    try:
        return float("nan") if text.lower() in NO_NUMBER else number(text, kind.decimal, kind.unit)
    except ValueError:
        return float("nan")


def _merged(texts: Sequence[str]) -> tuple[str, str] | None:
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
