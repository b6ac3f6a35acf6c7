"""Types of table columns (number, flag, date or text), which all values of a column decide."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ....models.data_spec import Column
from ..data_error import DataError
from .column_names import normalize_label
from .date_format import DATE_ORDERS, AmbiguousDateError, infer_date_order, parse_date
from .number_format import (
    AmbiguousNumberError,
    MixedFormatError,
    are_ambiguous_numbers,
    are_plain_numbers,
    infer_number_format,
    parse_number,
)
from .source import TableOptions, format_option

if TYPE_CHECKING:
    from pandas import Series

MAX_CATEGORIES = 50
"""Most distinct values of a column of classes or categories."""
MISSING_WORDS = ("", "na", "n/a", "nan", "null", "?")
"""Texts that mark a missing value, in lower case."""
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
"""Texts that mark a missing number, in lower case."""
BOOLEAN_WORDS = {"true": 1.0, "false": 0.0}
AMBIGUOUS_FRACTIONS_NOTE = "fractions with three digits each; `decimal=` , reads them as thousands"
MAX_ODD_SHARE = 0.1
"""If at most this share of a column's values are not numbers or dates, they are mistakes."""
MAX_BOOLEAN_SPELLINGS = 2**9
"""Upper bound for the spellings of "true" and "false" in small and capital letters."""
DATES_NOTE = "dates, which become year, month, weekday and days since 1970"
NUMBER_ROLES = ("number", "amount")
FLOAT_ROLES = (*NUMBER_ROLES, "flag", "date")
FEATURE_ROLES = (*FLOAT_ROLES, "category")


def infer_column_type(
    column: Series[Any], path: Path, options: TableOptions
) -> tuple[Column, str]:
    """Returns the type of a column of stripped texts, and a note for the user, which may be empty.

    Numbers with a unit or with thousands separators have the role `amount`, and are never classes.
    """
    name = str(column.name)
    if name in (*options.as_category, options.text, options.group):
        return Column(name, "text"), ""
    texts = column.unique().tolist()
    if not are_plain_numbers(texts):  # most columns are, and this is the fastest test
        texts = [text for text in texts if text.lower() not in MISSING_NUMBER_WORDS]
    if 0 < len(texts) < MAX_BOOLEAN_SPELLINGS and {t.lower() for t in texts} <= set(BOOLEAN_WORDS):
        return Column(name, "flag"), ""
    is_declared = name in options.as_number
    try:
        if not is_declared:
            note = "" if name == options.time_column else DATES_NOTE
            return Column(name, "date", date_order=infer_date_order(texts)), note
    except AmbiguousDateError as error:
        others = (
            f", leave the column out by {format_option('drop', name)}, or keep them as names by "
            f"{format_option('as_category', name)}"
        )
        raise DataError(
            f"{path} has {error} in the column {name!r}, whose dates may begin with the day or "
            f"with the month: write them as 2021-12-31{others * (name != options.time_column)}"
        ) from error
    except ValueError:
        pass
    has_few_values = are_categories(len(texts), len(column))
    if not is_declared and has_few_values and (pair := _equal_numbers(texts)):
        note = f"{pair[0]!r} and {pair[1]!r} are different values, so the column is text"
        return Column(name, "text"), note
    try:
        return _number_type(name, texts, options.decimal, is_declared)
    except AmbiguousNumberError as error:
        raise ambiguous_number_error(str(error), name, path) from error
    except MixedFormatError as error:
        if is_declared or not has_few_values:
            raise DataError(
                f"{path} has, in the column {name!r}, {error}: write all values in one way, or "
                f"leave it out by {format_option('drop', name)}"
            ) from error
        return Column(name, "text"), f"{error}, are categories"
    except ValueError as error:
        if is_declared:
            raise DataError(
                f"{path} has a column {name!r} that does not hold only numbers: {error}"
            ) from error
        return Column(name, "text"), ""


def ambiguous_number_error(example: str, name: str, path: Path) -> DataError:
    """Returns the error for a number such as 1.234, which is either a thousand or a fraction."""
    ways = " or ".join(f"{parse_number(example, mark):.10g} by `decimal=` {mark}" for mark in ".,")
    return DataError(
        f"{path} has {example} in the column {name!r}, which may be {ways}: say which, or keep it "
        f"as a name by {format_option('as_category', name)}"
    )


def convert_column(column: Series[Any], kind: Column) -> Series[Any]:
    """Returns a column of text as floats if its type is number, flag or date, otherwise as names.

    A date becomes the days since 1970. A missing float is NaN.
    """
    import pandas as pd

    codes, distinct = pd.factorize(column)
    texts, dtype = distinct.tolist(), float if kind.role in FLOAT_ROLES else object
    values: Any
    if kind.role == "flag":
        values = [BOOLEAN_WORDS.get(text.lower(), nan) for text in texts]
    elif kind.role in NUMBER_ROLES:
        values = _parse_numbers(texts, kind)
    elif kind.role == "date":
        values = [_parse_date_or_nan(text, kind.date_order) for text in texts]
    else:
        values = [normalize_label(text) for text in texts]
    array = np.array(values, dtype=object).astype(dtype)
    return pd.Series(array[codes], column.index, dtype, kind.name)


def check_no_odd_values(column: Series[Any], path: Path) -> None:
    """Raises DataError if most texts of a column are numbers, or dates, and a few are not."""
    for noun, is_odd in (("number", _is_not_a_number), ("date", _is_not_a_date)):
        others = column[[is_odd(text) for text in column]]
        if 0 < len(others) <= MAX_ODD_SHARE * len(column):
            row, text = int(str(others.index[0])) + 1, others.iloc[0]
            more = f", and {len(others) - 1:,} more" if len(others) > 1 else ""
            raise DataError(
                f"{path} has {text!r} in row {row} of the column {column.name!r}{more}, where all "
                f"else is a {noun}: correct it, or leave the column out by "
                f"{format_option('drop', str(column.name))}"
            )


def missing_value_words(kind: Column) -> tuple[str, ...]:
    """Returns the texts that mark a missing value in a column of this type, in lower case."""
    return MISSING_NUMBER_WORDS if kind.role in FLOAT_ROLES else MISSING_WORDS


def are_categories(distinct: int, n: int) -> bool:
    """Returns whether a column of n values, `distinct` of them different, holds categories.

    There are at most 50 different values, and each occurs at least twice on average.
    """
    return distinct <= MAX_CATEGORIES and 2 * distinct <= n


def _number_type(
    name: str, texts: Sequence[str], decimal: str | None, is_declared: bool
) -> tuple[Column, str]:
    if not texts:
        raise ValueError("there are no values")
    if are_plain_numbers(texts):
        mark = "." if "." in "".join(texts) else ""
        return Column(name, "number", mark), ""
    form = infer_number_format(texts, decimal, allow_codes=is_declared)
    notes = []
    if form.unit:
        notes.append(f"numbers with the unit {form.unit!r}")
    if form.has_thousands_marks:
        notes.append("numbers with marks at thousands")
    if form.decimal == ",":
        notes.append("numbers with decimal commas")
    if form.decimal == "." and not notes and are_ambiguous_numbers(texts):
        notes.append(AMBIGUOUS_FRACTIONS_NOTE)
    role = "amount" if form.unit or form.has_thousands_marks else "number"
    return Column(name, role, form.decimal, form.unit), ", ".join(notes)


def _parse_numbers(texts: Sequence[str], kind: Column) -> list[float]:
    """Returns the numbers in texts; NaN for a text that is not a number."""
    if kind.decimal != ",":
        with suppress(ValueError):  # Python reads most columns, and is faster
            return list(map(float, texts))
    numbers = []
    for text in texts:
        try:
            is_missing = text.lower() in MISSING_NUMBER_WORDS
            number = nan if is_missing else parse_number(text, kind.decimal, kind.unit)
        except ValueError:
            number = nan
        numbers.append(number)
    return numbers


def _parse_date_or_nan(text: str, order: str) -> float:
    try:
        return parse_date(text, order)
    except ValueError:
        return nan


def _is_not_a_number(text: str) -> bool:
    try:
        infer_number_format([text], ".", allow_codes=True)
    except ValueError:
        return text.lower() not in MISSING_NUMBER_WORDS
    return False


def _is_not_a_date(text: str) -> bool:
    return all(isnan(_parse_date_or_nan(text, order)) for order in DATE_ORDERS)


def _equal_numbers(texts: Sequence[str]) -> tuple[str, str] | None:
    """Returns two different texts with the same number, such as versions 1.1 and 1.10, or None."""
    seen: dict[str, str] = {}
    for text in texts:
        integer, point, fraction = text.partition(".")
        if point and fraction.isdigit() and fraction.strip("0"):
            number = f"{integer}.{fraction.rstrip('0')}"
            if number in seen:
                return seen[number], text
            seen[number] = text
    return None
