"""Target leakage: features that copy the target, so that nothing has to be learned."""

from __future__ import annotations

from collections.abc import Iterator

from .column_types import are_categories
from .table_options import format_option
from .typed_columns import Columns

CORRELATION_TOLERANCE = 1e-9
"""How far the correlation of a number with a copy in another unit may be from 1."""


def describe_target_copies(columns: Columns, target: str) -> tuple[str, ...]:
    """Returns a note on the columns that copy the target, if any.

    A copy has one value for each class and another one for every other class; or it is a number
    whose correlation with the target is 1.
    """
    copies = list(_find_copies(columns, target))
    if not copies:
        return ()
    subject, verb = ("column", "copies") if len(copies) == 1 else ("columns", "copy")
    option = format_option("drop", *copies)
    return (
        f"the {subject} {', '.join(map(repr, copies))} {verb} the target: {option} leaves it out",
    )


def _find_copies(columns: Columns, target: str) -> Iterator[str]:
    targets = columns.frame[target]
    distinct = targets.nunique()
    are_classes = are_categories(distinct, len(targets))
    for name in map(str, columns.frame):
        column = columns.frame[name]
        if name == target or column.nunique() < 2:
            continue
        if are_classes and column.nunique() == distinct:
            if len(columns.frame[[name, target]].drop_duplicates()) == distinct:
                yield name
        elif (
            not are_classes
            and column.dtype.kind == targets.dtype.kind == "f"
            and 1 - abs(column.corr(targets)) < CORRELATION_TOLERANCE
        ):
            yield name
