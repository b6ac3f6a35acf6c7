"""A .csv file as columns of numbers or of text, whatever separates them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..bounds import MOST_COLUMNS, checked
from ..errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

FEWEST = 10
SEPARATORS = (",", ";", "\t")
MISSING = ("na", "n/a", "nan", "null", "?")
"""What is written where a value is missing, in lower case, besides nothing."""
ROW_NUMBERS = ("", "id", "index", "row", "no", "no.", "#")
CONTROL = frozenset(range(32)) - frozenset(b"\t\n\f\r")
SNIFFED = 65536


class Columns(NamedTuple):
    """The columns of a file.

    Attributes:
        frame: Columns of booleans, of numbers, or of text; N rows.
        notes: What a user should know of how they were read.
    """

    frame: DataFrame
    notes: tuple[str, ...]


def read_columns(path: Path) -> Columns:
    """Reads a file of values between commas, semicolons or tabs, with a line of names above.

    Columns without a name and without a value, and those which only number the rows, are left out.

    Args:
        path: A file in UTF-8 or Latin-1.

    Raises:
        DataError: If it is no such file, has no rows, or its columns have no names of their own.
    """
    frame, notes = read_frame(path, file_bytes(path))
    for name in map(str, frame):
        if name.lower() in ROW_NUMBERS and _numbers_rows(frame[name]):
            frame = frame.drop(columns=name)
            notes += (f"left out the column {name!r}, which numbers the rows",)
        elif not name:
            raise DataError(f"{path} has a column without a name: write one above it")
    if frame.shape[1] == 0:
        raise DataError(f"{path} has no columns but numbers of its rows")
    if len(frame) < FEWEST:
        raise DataError(f"{path} holds {len(frame)} rows: at least {FEWEST} are needed")
    return Columns(frame, notes)


def read_frame(path: Path, raw: bytes, texts: Collection[str] = ()) -> Columns:
    """Reads all columns of a file, but for those without a name and without a value.

    Args:
        path: The file, for errors.
        raw: What is in it, in UTF-8 or Latin-1.
        texts: Columns that hold text, even if it looks like numbers.

    Raises:
        DataError: If it is no such file, has no rows, or its columns have no names of their own.
    """
    text, notes = _text(raw, path)
    frame = _frame(text, path, texts)
    empty = [not name and column.isna().all() for name, column in frame.items()]
    frame = frame.loc[:, [not left_out for left_out in empty]]
    for name, count in Counter(frame).items():
        if count > 1:
            raise DataError(
                f"{path} has {count} columns called {name!r}: give each a name of its own, or "
                "write names above the values if there are none"
            )
    return Columns(frame.apply(lambda c: (_stripped if c.name in texts else _typed)(c)), notes)


def file_bytes(path: Path) -> bytes:
    """Returns what is in a file.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        return checked(path, "table").read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def is_text(column: Series[Any]) -> bool:
    """Says whether a column holds text, and neither numbers nor booleans."""
    from pandas.api.types import is_numeric_dtype

    return not is_numeric_dtype(column)


def check_whole(frame: DataFrame, path: Path, words: tuple[str, ...] = MISSING) -> None:
    """Refuses columns in which values are missing.

    Args:
        frame: Some columns.
        path: The file that they are of.
        words: What stands in columns of text, in lower case, where a value is missing.

    Raises:
        DataError: If there are any; it counts them.
    """
    missing = frame.isna()
    for name, column in frame.items():
        if is_text(column):
            missing[name] |= column.str.lower().isin(words)
    counts = missing.sum().sort_values(ascending=False, kind="stable")
    counts = counts[counts > 0]
    if len(counts):
        most = ", ".join(f"{name!r} ({count:,})" for name, count in counts[:3].items())
        values = "1 missing value" if counts.sum() == 1 else f"{counts.sum():,} missing values"
        raise DataError(
            f"{path} holds {values}, {'most ' if len(counts) > 3 else ''}in {most}: fill them, or "
            "leave out their rows or columns"
        )


def _text(raw: bytes, path: Path) -> tuple[str, tuple[str, ...]]:
    if not raw.strip():
        raise DataError(f"{path} is empty")
    if CONTROL & set(raw[:SNIFFED]):
        raise DataError(f"{path} is no text: save it as a CSV file in UTF-8")
    try:
        return raw.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        return raw.decode("latin-1"), ("it is not in UTF-8, and was read as Latin-1",)


def _frame(text: str, path: Path, texts: Collection[str]) -> DataFrame:
    """Returns the values under the names of the first line, which are as they are written."""
    import warnings

    import pandas as pd

    head = next(filter(str.strip, StringIO(text, newline=None)))
    bare = re.sub(r'"[^"]*"', "", head)
    separator = max(SEPARATORS, key=bare.count)
    # Where semicolons separate, commas are often the points of numbers.
    decimal = "," if separator == ";" and not re.search(r"\d\.\d", text[:SNIFFED]) else "."
    try:
        names = next(csv.reader([head], delimiter=separator, skipinitialspace=True))
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                StringIO(text, newline=None),
                sep=separator,
                decimal=decimal,
                index_col=False,
                skipinitialspace=True,
                keep_default_na=False,  # someone may be called Null
                na_values=[""],
                dtype={name: str for name in names if name.strip() in texts},
                low_memory=False,
            )
    except pd.errors.ParserWarning as error:
        raise DataError(f"{path} has rows with more values than there are columns") from error
    except (ValueError, csv.Error) as error:
        said = str(error).strip().splitlines()[0].removeprefix("Error tokenizing data. C error: ")
        raise DataError(f"{path} is no CSV file that can be read: {said}") from error
    if len(names) > MOST_COLUMNS:
        raise DataError(f"{path} has {len(names):,} columns: {MOST_COLUMNS:,} are read at most")
    names = [name.strip() for name in names]
    if len(names) != frame.shape[1] or any(re.fullmatch(r"-?\d*\.\d+|-\d+", n) for n in names):
        raise DataError(
            f"{path} begins with {head.strip()[:60]!r}: a line of names is needed there"
        )
    if frame.empty:
        raise DataError(f"{path} holds a line of names, but no rows below it")
    return frame.set_axis(names, axis="columns")


def _numbers_rows(column: Series[Any]) -> bool:
    from pandas.api.types import is_integer_dtype

    return is_integer_dtype(column) and column.is_unique


def _stripped(column: Series[Any]) -> Series[Any]:
    return column.dropna().astype(str).str.strip().reindex(column.index)


def _typed(column: Series[Any]) -> Series[Any]:
    """Returns a column as numbers if all that is there is, and as stripped text if not."""
    import pandas as pd

    if not is_text(column):
        return column
    there = _stripped(column).dropna()
    values = there[~there.str.lower().isin(MISSING)]
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    return (there if numbers.isna().any() or not len(numbers) else numbers).reindex(column.index)
