"""Features that say the target outright: nothing is learned where they are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .column_types import are_categories
from .typed_columns import Columns

if TYPE_CHECKING:
    from pandas import Series

CORRELATION_TOLERANCE = 1e-9
"""How far the correlation of a number with its copy in another unit may be from 1."""


def describe_target_copies(columns: Columns, target: str) -> tuple[str, ...]:
    """Returns a note for the columns that copy the target, if any.

    A copy has one value for each class and another for every other class; or it is a number whose
    correlation with a target of numbers is 1.
    """
    found = [repr(name) for name in _copies(columns, target)]
    if not found:
        return ()
    which, says = ("column", "says") if len(found) == 1 else ("columns", "say")
    ways = " ".join(f"`drop=` {name}" for name in found)
    return (f"the {which} {', '.join(found)} {says} the target outright: {ways} leaves it out",)


def _copies(columns: Columns, target: str) -> Iterator[str]:
    wanted = columns.frame[target]
    distinct = wanted.nunique()
    is_class = are_categories(distinct, len(wanted))
    for name in map(str, columns.frame):
        column = columns.frame[name]
        if name == target or column.nunique() < 2:
            continue
        if is_class and column.nunique() == distinct:
            pairs = columns.frame[[name, target]].drop_duplicates()
            if len(pairs) == distinct:
                yield name
        elif (
            not is_class
            and _is_number(column)
            and _is_number(wanted)
            and 1 - abs(column.corr(wanted)) < CORRELATION_TOLERANCE
        ):
            yield name


def _is_number(column: Series[Any]) -> bool:
    return column.dtype.kind == "f"
