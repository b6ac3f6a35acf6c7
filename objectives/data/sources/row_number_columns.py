"""Finds columns that only number or name the rows, by their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data_error import DataError
from .column_names import quote_some
from .column_types import are_categories
from .header_row import TEXT_COLUMN_NAMES
from .source import format_option
from .typed_columns import Columns

if TYPE_CHECKING:
    from pandas import Series

ID_COLUMN_NAME = re.compile(
    r"#|no\.?|nr\.?|row|index|level_0|Unnamed: 0|(.*[\W_])?(id|key|uuid|guid)|.*[a-z](Id|ID)"
)
"""Matches names of columns that identify rows, such as `UserId`; does not match `Paid`."""
NUMBERED_NAME = re.compile(r"(\D*)(\d+)(\D*)")
HEX_NAME = re.compile(r"[0-9a-f]{8,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
MAX_TEXT_TABLE_COLUMNS = 3
"""Most columns in a file of texts: texts, labels and row numbers."""
MIN_DISTINCT_SHARE = 0.9
"""Smallest share of distinct values in a column that rises, or that is named like an id."""
FEW_VALUES = 100
STEP_TOLERANCE = 1e-6
MAX_GAP_RATIO = 2
"""Row numbers with gaps span at most this multiple of the number of rows."""


def drop_row_numbers(columns: Columns, targets: Sequence[str]) -> tuple[Columns, tuple[str, ...]]:
    """Returns the columns that do not number the rows, and the names of the dropped columns.

    A network would learn the order of a sorted file from row numbers.

    Row numbers are integers without gaps, in any order, or sorted integers with few gaps. Texts
    are row numbers if they are hexadecimal, or if they differ only in a number, such as P0001. If
    a column is named like an id, any integers or texts are row numbers of which nearly all differ;
    some may be missing.
    """
    path, options = columns.path, columns.options
    kept: set[str | None] = {*targets, options.text, *options.as_category, *options.as_number}
    if len(columns.kinds) <= MAX_TEXT_TABLE_COLUMNS:
        kept |= {name for name in columns.kinds if name.lower() in TEXT_COLUMN_NAMES}
    numbering, rising = [], []
    for name in map(str, columns.frame):
        if name in kept or columns.kinds[name].role == "date":
            continue
        if _identifies_rows(columns, name):
            numbering.append(name)
        elif _rises_evenly(columns.frame[name].to_numpy()):
            rising.append(name)
    target = targets[0] if len(targets) == 1 else ""  # several are numbers
    if rising and target and _is_sorted_by_class(columns.texts[target]):
        raise DataError(
            f"{path} is sorted by {target!r}, and {rising[0]!r} rises from row to row: if it "
            f"numbers the rows, leave it out by {format_option('drop', rising[0])}, if not, keep "
            f"it by {format_option('as_number', rising[0])}"
        )
    for name in rising:
        note = f"{name!r} rises from row to row, as numbers of rows do: "
        columns = columns.drop_columns((), f"{note}{format_option('drop', name)} leaves it out")
    if not numbering:
        return columns, ()
    first, are_several = numbering[0], len(numbering) > 1
    if len(numbering) == len(columns.kinds):
        raise DataError(
            f"{path} has only columns that number its rows: {format_option('as_number', first)} "
            "keeps one of numbers as a feature"
        )
    option = "as_category" if columns.kinds[first].role == "text" else "as_number"
    note = (
        f"left out the column{'s' * are_several} {quote_some(numbering)}, whose values number the "
        f"rows: {format_option(option, first)} keeps {'one' if are_several else 'it'}"
    )
    return columns.drop_columns(numbering, note), tuple(numbering)


def _identifies_rows(columns: Columns, name: str) -> bool:
    role, column = columns.kinds[name].role, columns.frame[name]
    is_id = ID_COLUMN_NAME.fullmatch(name) is not None and _are_mostly_distinct(column)
    if role == "number":
        values = column.to_numpy()
        return (is_id and _are_integers(values[~np.isnan(values)])) or _are_row_numbers(values)
    if role != "text" or columns.texts[name].str.contains(r"\s").any():
        return False
    texts = columns.texts[name]
    if is_id or not texts.is_unique:
        return is_id
    matches = [NUMBERED_NAME.fullmatch(text) for text in texts]
    if all(matches) and len({(match[1], match[3]) for match in matches if match}) == 1:
        return True
    return all(map(HEX_NAME.fullmatch, texts)) and texts.str.len().nunique() == 1


def _are_mostly_distinct(column: Series[Any]) -> bool:
    return column.nunique() >= MIN_DISTINCT_SHARE * max(1, column.count())


def _are_row_numbers(values: NDArray[Any]) -> bool:
    if not _are_integers(values) or len(np.unique(values)) < len(values):
        return False
    extent = values.max() - values.min() + 1
    if extent == len(values):
        return True
    return _are_sorted(values) and bool(extent <= MAX_GAP_RATIO * len(values))


def _rises_evenly(values: NDArray[Any]) -> bool:
    """Returns whether numbers are sorted, mostly distinct, and integers or evenly spaced."""
    if values.dtype.kind != "f" or not _are_sorted(values):
        return False
    if len(np.unique(values)) < MIN_DISTINCT_SHARE * len(values):
        return False
    steps = np.diff(values)
    is_even = steps.max() - steps.min() <= STEP_TOLERANCE * abs(steps).max()
    return bool(is_even or _are_integers(values))


def _are_sorted(values: NDArray[Any]) -> bool:
    """Returns whether numbers never fall or never rise."""
    return _holds_for_all(_has_steps_of_one_sign, values)


def _has_steps_of_one_sign(values: NDArray[Any]) -> bool:
    steps = np.diff(values)
    return bool((steps >= 0).all() or (steps <= 0).all())


def _are_integers(values: NDArray[Any]) -> bool:
    return _holds_for_all(lambda some: bool((some % 1 == 0).all()), values)


def _holds_for_all(is_true: Callable[[NDArray[Any]], bool], values: NDArray[Any]) -> bool:
    """Returns whether a statement is true of all values; mostly, the first ones refute it."""
    with np.errstate(invalid="ignore"):  # of infinite numbers
        return is_true(values[:FEW_VALUES]) and is_true(values)


def _is_sorted_by_class(target: Series[Any]) -> bool:
    if not are_categories(target.nunique(), len(target)) or target.nunique() < 2:
        return False
    return int((target != target.shift()).sum()) == target.nunique()
