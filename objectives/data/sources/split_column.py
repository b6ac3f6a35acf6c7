"""The column by which the rows of a file are split: groups that stay together, or times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from ....models.data_spec import Column
from ..data_error import DataError
from .date_format import AmbiguousDateError, infer_date_order
from .source import TableOptions
from .typed_columns import Columns, find_missing

if TYPE_CHECKING:
    from pandas import Series

MIN_DISTINCT = 3
"""The training, the validation and the test part need a group or a time each."""


class SplitColumn(NamedTuple):
    """A column by which rows are split.

    Attributes:
        kind: The column, with the role `group` or `time`.
        keys: The group numbers (int64) or times (float64) of N rows, with shape (N,).
    """

    kind: Column
    keys: Tensor

    def take(self, indices: Sequence[int]) -> SplitColumn:
        """Returns the column of the rows at some indices."""
        return SplitColumn(self.kind, self.keys[list(indices)])


def take_split_column(columns: Columns) -> Columns:
    """Returns columns whose `split_column` is the one that an option names; it is not a feature.

    Without such an option, the columns stay as they are.
    """
    split_column = read_split_column(columns)
    if split_column is None:
        return columns
    name = split_column.kind.name
    parts = {
        "group": f"the rows of one {name!r} stay in one part",
        "time": f"the parts follow one another by {name!r}",
    }
    note = f"{parts[split_column.kind.role]}; it is not a feature"
    return columns.drop_columns([name], note)._replace(split_column=split_column)


def refuse_split_option(options: TableOptions, reason: str) -> None:
    """Raises DataError if an option names a column by which rows are split."""
    option, name = options.split_option
    if name:
        raise DataError(f"{reason}: leave out `{option}=`")


def read_split_column(columns: Columns) -> SplitColumn | None:
    """Returns the column by which rows are split; None if no option names one.

    Rows with the same text in the column `group` are of one group. A time is a date or a number.

    Raises:
        DataError: If a value is missing or not a time, or if there are fewer than three values.
    """
    import pandas as pd

    option, name = columns.options.split_option
    if not name:
        return None
    where, role = f"in the column {name!r}", "group" if option == "group" else "time"
    if name not in columns.kinds:
        raise DataError(f"{columns.path} has no value {where}: leave out `{option}=`")
    column, kind = columns.frame[name], columns.kinds[name]
    if n := _count_missing(columns, name):
        raise DataError(
            f"{columns.path} has {n:,} missing value{'s' * (n > 1)} {where}, which splits it: "
            "fill them, or leave out their rows"
        )
    if role == "group":
        keys = torch.from_numpy(pd.factorize(column, sort=True)[0]).long()
    elif kind.role in ("date", "number"):
        keys = torch.from_numpy(column.to_numpy(float, copy=True))
    else:
        raise DataError(
            f"{columns.path} has {_find_other_than_date(columns.texts[name])!r} {where}, which is "
            f"not a time: `{option}=` takes dates, such as 2021-12-31, or numbers"
        )
    n = len(set(keys.tolist()))
    if n < MIN_DISTINCT:
        raise DataError(
            f"{columns.path} has {n} {role}{'s' * (n > 1)} {where}: at least {MIN_DISTINCT} are "
            "needed, one for each part"
        )
    return SplitColumn(Column(name, role, date_order=kind.date_order), keys)


def _count_missing(columns: Columns, name: str) -> int:
    is_missing = find_missing(columns._replace(frame=columns.frame[[name]]))
    return int(is_missing.to_numpy().sum())


def _find_other_than_date(texts: Series[str]) -> str:
    return next((text for text in texts.unique() if not _is_date(text)), texts.iloc[0])


def _is_date(text: str) -> bool:
    try:
        return bool(infer_date_order([text]))
    except AmbiguousDateError:
        return True
    except ValueError:
        return False
