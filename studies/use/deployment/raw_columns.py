"""Raw columns of a table as numbers, and the layer that makes the features of training of them."""

from collections.abc import Iterator, Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ....models.data_spec import Column
from ....objectives.data.sources.column_features import OTHER, WEEKDAY_OF_EPOCH
from ....objectives.data.sources.source import TableOptions
from ....objectives.data.sources.typed_columns import find_missing, read_columns

DAYS_BEFORE_1970, DAYS_IN_400_YEARS = 719468, 146097  # counted from 1 March of the year 0
UNKNOWN = -1.0
"""What stands for a category that has no feature."""


class RawColumns(nn.Module):
    """Maps the columns of a table to features, as `column_features` does in training.

    The input has shape (N, columns) and type float64. A missing value is NaN, a flag is 0 or 1, a
    date is the days since 1970, and a category is its position in `Column.categories`. The output
    has shape (N, features). A value that is missing in a column which always had one in training
    makes its features NaN.

    References:
        chrono-Compatible Low-Level Date Algorithms (Hinnant, 2014): `civil_from_days`
    """

    fill: Tensor
    category: Tensor

    def __init__(self, columns: Sequence[Column], features: Sequence[str]) -> None:
        super().__init__()
        roles = [kind.role for kind in columns]
        self.dates = [index for index, role in enumerate(roles) if role == "date"]
        self.numbers = [i for i, role in enumerate(roles) if role not in ("date", "category")]
        self.marked = [index for index, kind in enumerate(columns) if kind.marks_missing]
        categories = [
            (index, number, f"{kind.name}={text}")
            for index, kind in enumerate(columns)
            for number, text in enumerate(kind.categories if len(kind.categories) > 1 else ())
        ]
        self.categories = [index for index, _, _ in categories]
        names = [kind.name for kind in columns]
        parts = ("year", "month", "weekday", "days")
        made = [
            *(names[index] for index in self.numbers),
            *(feature for _, _, feature in categories),
            *(f"{names[index]} {part}" for part in parts for index in self.dates),
            *(f"{names[index]} is missing" for index in self.marked),
        ]
        self.order = [made.index(name) for name in features]
        self.register_buffer("fill", torch.tensor([*map(_fill_number, columns)]).double())
        self.register_buffer("category", torch.tensor([n for _, n, _ in categories]).double())

    def forward(self, values: Tensor) -> Tensor:
        is_missing = values.isnan()
        filled = torch.where(is_missing, self.fill, values)
        parts = [filled[:, self.numbers]]
        if self.categories:
            chosen = filled[:, self.categories]
            is_chosen = (chosen == self.category).double()
            parts.append(torch.where(chosen.isnan(), chosen, is_chosen))
        if self.dates:
            parts += _date_features(filled[:, self.dates])
        if self.marked:
            parts.append(is_missing[:, self.marked].double())
        return torch.cat(parts, dim=1)[:, self.order]


def read_raw_columns(
    path: Path, options: TableOptions, columns: Sequence[Column]
) -> NDArray[np.float64]:
    """Returns the columns of a training file, with shape (N, columns), as `RawColumns` takes them.

    Raises:
        DataError: If the file cannot be read again.
    """
    table = read_columns(path, options)
    is_missing = find_missing(table)
    values = [
        _number_column(
            table.frame[kind.name].mask(is_missing[kind.name])
            if kind.name in is_missing
            else table.frame[kind.name],
            kind,
        )
        for kind in columns
    ]
    return np.stack(values, axis=1)


def _number_column(column: Any, kind: Column) -> NDArray[np.float64]:
    if kind.role == "category":
        numbers = {text: float(number) for number, text in enumerate(kind.categories)}
        known = column.map(numbers)
        column = known.where(known.notna() | column.isna(), numbers.get(OTHER, UNKNOWN))
    values: NDArray[np.float64] = column.to_numpy(np.float64)
    return values


def _fill_number(kind: Column) -> float:
    """Returns what stands for a missing value of a column; NaN if training always had a value."""
    if not kind.fill:
        return nan
    return kind.categories.index(kind.fill) if kind.role == "category" else float(kind.fill)


def _date_features(days: Tensor) -> Iterator[Tensor]:
    """Yields years, months (from 1), weekdays (from Monday = 0) and days, in the shape of days."""
    whole = days.floor()
    shifted = whole + DAYS_BEFORE_1970
    era = (shifted / DAYS_IN_400_YEARS).floor()
    day = shifted - era * DAYS_IN_400_YEARS
    leap_days = (day / 1460).floor() - (day / 36524).floor() + (day / 146096).floor()
    year = ((day - leap_days) / 365).floor()
    day_of_year = day - (365 * year + (year / 4).floor() - (year / 100).floor())
    month = ((5 * day_of_year + 2) / 153).floor()  # from March
    is_next_year = (month >= 10).double()
    yield year + 400 * era + is_next_year
    yield month + 3 - 12 * is_next_year
    weekday = whole + WEEKDAY_OF_EPOCH
    yield weekday - 7 * (weekday / 7).floor()
    yield days
