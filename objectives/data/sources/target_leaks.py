"""Finds columns that give the target away: copies of it, and columns that predict it alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .column_types import are_categories
from .source import format_option

if TYPE_CHECKING:
    from pandas import DataFrame, Series

FEW_ROWS = 1000
ROWS_PER_INTERVAL, MAX_INTERVALS = 8, 64
CORRELATION_TOLERANCE = 1e-9
"""A column copies a numeric target if their absolute correlation is nearer to 1 than this."""
LEAK_ACCURACY, LEAK_R2 = 0.95, 0.99
"""Smallest balanced accuracy, or R² of ranks, of a column that may be a leak."""


def describe_leaks(frame: DataFrame, target: str, targets: NDArray[Any]) -> Iterator[str]:
    """Yields a note for each column that copies the target, or predicts it nearly alone.

    Args:
        frame: Some training rows; NaN where a value is missing.
        target: The name of the target, which is a column of `frame`.
        targets: The class of each row as an integer, or a number to predict.
    """
    copies = set(_find_copies(frame, target))
    for name in map(str, frame):
        way = f"{format_option('drop', name)} leaves it out"
        if name in copies:
            yield f"the column {name!r} copies the target: {way}"
        elif name != target:
            groups = _group_values(frame[name])
            is_number = targets.dtype.kind == "f"
            score = (_rank_r2 if is_number else _balanced_accuracy)(groups, targets)
            if score >= (LEAK_R2 if is_number else LEAK_ACCURACY):
                measure = "R² of ranks" if is_number else "balanced accuracy"
                yield (
                    f"the column {name!r} predicts the target nearly alone ({measure} "
                    f"{score:.3f}): if it is known only after the target, {way}"
                )


def _find_copies(frame: DataFrame, target: str) -> Iterator[str]:
    """Yields the columns that copy the target.

    A column copies classes if its values and the classes correspond one to one. A column copies
    numbers if its correlation with the target is 1 or -1.
    """
    targets = frame[target]
    distinct = targets.nunique()
    are_classes = are_categories(distinct, len(targets))
    for name in map(str, frame):
        column = frame[name]
        if name == target or (column == column.iloc[0]).all():
            continue
        if are_classes:
            if column.iloc[:FEW_ROWS].nunique() > distinct:  # true of most columns of numbers
                continue
            pairs = frame[[name, target]].drop_duplicates()
            if column.nunique() == distinct == len(pairs):
                yield name
        elif (
            column.dtype.kind == targets.dtype.kind == "f"
            and 1 - abs(column.corr(targets)) < CORRELATION_TOLERANCE
        ):
            yield name


def _group_values(column: Series[Any]) -> NDArray[np.int64]:
    """Returns a group for each row: one of missing values, and one for each text or interval.

    The intervals hold about equally many numbers. Few different numbers are groups themselves.
    """
    import pandas as pd

    codes, distinct = pd.factorize(column)
    most = min(MAX_INTERVALS, len(column) // ROWS_PER_INTERVAL)
    if column.dtype.kind == "f" and len(distinct) > most > 0:
        values = column.to_numpy()
        bounds = np.nanquantile(values, np.arange(1, most) / most)
        codes = np.where(np.isnan(values), -1, np.searchsorted(bounds, values, "right"))
    return np.asarray(codes + 1, dtype=np.int64)


def _balanced_accuracy(groups: NDArray[np.int64], targets: NDArray[Any]) -> float:
    """Returns the balanced accuracy of the most frequent class among the other rows of a group."""
    classes = int(targets.max()) + 1
    counts = np.zeros((groups.max() + 1, classes), dtype=np.int64)
    np.add.at(counts, (groups, targets), 1)
    own, rows = counts[groups, targets] - 1, np.arange(len(targets))
    rivals = counts[groups]
    rivals[rows, targets] = -1
    is_right = own > rivals.max(axis=1)
    totals = np.bincount(targets, minlength=classes)
    right = np.bincount(targets[is_right], minlength=classes)[totals > 0]
    return float((right / totals[totals > 0]).mean()) if (totals > 0).sum() > 1 else 0.0


def _rank_r2(groups: NDArray[np.int64], targets: NDArray[Any]) -> float:
    """Returns the R² of the mean rank of the target among the other rows of a group."""
    import pandas as pd

    ranks = pd.Series(targets).rank().to_numpy()
    sums, counts = np.bincount(groups, ranks), np.bincount(groups)
    others = counts[groups] - 1
    predicted = np.where(others > 0, (sums[groups] - ranks) / np.maximum(others, 1), ranks.mean())
    variance = ranks.var()
    return float(1 - ((predicted - ranks) ** 2).mean() / variance) if variance else 0.0
