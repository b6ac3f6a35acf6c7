"""Columns that number or name the rows, recognized by their values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data_error import DataError
from .column_names import quote_some
from .column_types import are_categories
from .header_row import TEXT_COLUMN_NAMES
from .table_options import TableOptions, format_option
from .typed_columns import Columns

if TYPE_CHECKING:
    from pandas import Series

ID_COLUMN_NAME = re.compile(
    r"#|no\.?|nr\.?|row|index|level_0|Unnamed: 0|(.*[\W_])?(id|key|uuid|guid)|.*[a-z](Id|ID)",
)
"""What a column is called that names the rows; `Paid` is not."""
NUMBERED = re.compile(r"(\D*)(\d+)(\D*)")
HEX = re.compile(r"[0-9a-f]{8,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
MOST_BESIDE_TEXTS = 3
"""Columns of a file of texts: the texts, their labels, and numbers of the rows."""
MIN_DISTINCT_SHARE = 0.9
"""Share of different values of a column that counts."""
STEP_TOLERANCE = 1e-6
MAX_GAP_RATIO = 2
"""Rows that may have been taken out of numbered ones, as a share of those that are left."""


def drop_row_numbers(
    columns: Columns, target: str | None, options: TableOptions, path: Path
) -> tuple[Columns, tuple[str, ...]]:
    """Leaves out columns that number the rows: a network would learn the order of a sorted file.

    These are whole numbers without gaps, in whatever order; sorted ones with few gaps; and names
    that differ only in their numbers, such as P0001, or are hexadecimal. A column that is
    called an id counts if all its values differ.

    Args:
        columns: The columns of a file.
        target: The column to be predicted, which stays.
        options: What a user says of it; columns that it calls numbers or categories stay.
        path: The file, for errors.

    Returns:
        The columns, and the names of those that were left out.

    Raises:
        DataError: If the rows are sorted by class, and a column that rises with them could be a
            number of the rows or a feature.
    """
    stay: set[str | None] = {target, options.text, *options.as_category, *options.as_number}
    if len(columns.kinds) <= MOST_BESIDE_TEXTS:
        stay |= {name for name in columns.kinds if name.lower() in TEXT_COLUMN_NAMES}
    found, rising = [], []
    for name in map(str, columns.frame):
        if name in stay:
            continue
        if columns.texts[name].is_unique and _identifies_rows(columns, name):
            found.append(name)
        elif _is_counting(columns.frame[name]):
            rising.append(name)
    if rising and target is not None and _is_sorted(columns.texts[target]):
        raise DataError(
            f"{path} is sorted by {target!r}, and {rising[0]!r} rises from row to row: if it "
            f"numbers the rows, leave it out by {format_option('drop', rising[0])}, if not, keep "
            f"it by {format_option('as_number', rising[0])}"
        )
    if rising:
        said = f"{quote_some(rising)} rises from row to row, as numbers of rows do: "
        columns = columns.drop_columns((), f"{said}{format_option('drop', *rising)} leaves it out")
    if not found:
        return columns, ()
    if len(found) == len(columns.kinds):
        raise DataError(
            f"{path} has no columns but numbers of its rows: "
            f"{format_option('as_number', found[0])} keeps one of numbers as a feature"
        )
    which = "column" if len(found) == 1 else "columns"
    is_text = columns.kinds[found[0]].role == "text"
    way = format_option("as_category" if is_text else "as_number", found[0])
    note = (
        f"left out the {which} {quote_some(found)}, whose values number the rows: {way} keeps "
        f"{'it' if len(found) == 1 else 'one'}"
    )
    return columns.drop_columns(found, note), tuple(found)


def _identifies_rows(columns: Columns, name: str) -> bool:
    """Says whether values that all differ number or name the rows."""
    if columns.kinds[name].role == "number":
        return _are_row_numbers(columns.frame[name], ID_COLUMN_NAME.fullmatch(name) is not None)
    if columns.kinds[name].role != "text":
        return False
    texts = columns.texts[name]
    if texts.str.contains(r"\s").any():
        return False
    if ID_COLUMN_NAME.fullmatch(name):
        return True
    matches = [NUMBERED.fullmatch(text) for text in texts]
    if all(matches) and len({(match[1], match[3]) for match in matches if match}) == 1:
        return True
    return all(map(HEX.fullmatch, texts)) and texts.str.len().nunique() == 1


def _are_row_numbers(values: Series[Any], called_id: bool) -> bool:
    if values.isna().any() or (values % 1 != 0).any() or not values.is_unique:
        return False
    reach = values.max() - values.min() + 1
    return (
        called_id
        or reach == len(values)
        or (_rises(values) and reach <= MAX_GAP_RATIO * len(values))
    )


def _rises(values: Series[Any]) -> bool:
    """Says whether all numbers are larger, or all are smaller, than the one of the row before."""
    steps = values.diff().iloc[1:]
    return bool((steps > 0).all() or (steps < 0).all())


def _is_counting(values: Series[Any]) -> bool:
    """Says whether numbers rise or fall with the rows as times and numbers of rows do.

    They are whole, or of even distances; a few of them may be equal.
    """
    if values.dtype.kind != "f" or values.nunique() < MIN_DISTINCT_SHARE * len(values):
        return False
    steps = values.diff().iloc[1:]
    even = steps.max() - steps.min() <= STEP_TOLERANCE * steps.abs().max()
    ordered = bool((steps >= 0).all() or (steps <= 0).all())
    return ordered and bool(even or (values % 1 == 0).all())


def _is_sorted(target: Series[Any]) -> bool:
    """Says whether the rows of each class lie together."""
    if not are_categories(target.nunique(), len(target)) or target.nunique() < 2:
        return False
    return int((target != target.shift()).sum()) == target.nunique()
