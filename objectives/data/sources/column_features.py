"""Features of a column: what a column of a table becomes for a network, in training and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ....models.data_spec import Column

if TYPE_CHECKING:
    from pandas import Series

OTHER = "other"
"""The category that stands for all categories that have no feature of their own."""
WEEKDAY_OF_EPOCH = 3  # 1970 began on a Thursday


def column_features(values: Series[Any], kind: Column) -> dict[str, NDArray[Any]]:
    """Returns the features of a column by their names, each of shape (N,).

    A number, an amount and a flag are a feature. A date is four. A category is a feature for each
    category in `kind`, if there are at least two: 1 in rows with this category, 0 in others. There
    may be another feature that is 1 where the value is missing.

    Args:
        values: Floats or texts; NaN where a value is missing.
        kind: How the column is prepared. A missing value without `kind.fill` counts as 0, or as
            no category.
    """
    name, is_missing = kind.name, values.isna()
    has_missing = bool(is_missing.any())
    if kind.role == "category":
        if OTHER in kind.categories:
            values = values.where(is_missing | values.isin(kind.categories), OTHER)
        filled = values.fillna(kind.fill) if has_missing and kind.fill else values
        features = one_hot(name, filled, kind.categories if len(kind.categories) > 1 else ())
    else:
        filled = values.fillna(float(kind.fill or 0)) if has_missing else values
        numbers = filled.to_numpy(np.float64)
        features = _date_features(name, numbers) if kind.role == "date" else {name: numbers}
    if kind.marks_missing:
        features[f"{name} is missing"] = is_missing.to_numpy(np.float64)
    return features


def one_hot(name: str, column: Series[Any], texts: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Returns a feature of shape (N,) for each text: 1 in rows with this text, 0 in others."""
    import pandas as pd

    codes, distinct = pd.factorize(column)  # integers are compared faster than texts
    numbers = {text: number for number, text in enumerate(distinct)}
    return {
        f"{name}={text}": (codes == numbers.get(text, len(numbers))).astype(np.float64)
        for text in texts
    }


def _date_features(name: str, days: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Returns year, month (from 1), weekday (from Monday = 0) and days since 1970."""
    whole = np.floor(days).astype(np.int64)
    months = whole.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return {
        f"{name} year": months // 12 + 1970.0,
        f"{name} month": months % 12 + 1.0,
        f"{name} weekday": (whole + WEEKDAY_OF_EPOCH) % 7 + 0.0,
        f"{name} days": days,
    }
