"""Splits by a column of the data: whole groups, or the latest times, are held out."""

from datetime import datetime, timedelta

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....models.data_spec import Column, DataSpec
from ..data_error import DataError
from ..parts import Part

EPOCH = datetime(1970, 1, 1)

Mask = NDArray[np.bool_]


def hold_out_by_column(
    split_by: Tensor, targets: Tensor | None, fraction: float, seed: int
) -> tuple[list[int], list[int]]:
    """Returns two sorted lists of indices: items to keep and items to hold out.

    About `fraction` of the items are held out: whole groups, of each class about this fraction,
    or the latest times. At least one group or time is held out, and at most half of them, so that
    the next part finds one, too.

    Args:
        split_by: Group numbers (int64) or times (float64) of N items, with shape (N,).
        targets: The class of each item, with shape (N,); None without classes.
        fraction: Fraction of the items to hold out.
        seed: Seed of the choice of groups; times need none.

    Raises:
        DataError: If there is only one group or time.
    """
    distinct, codes = np.unique(split_by.numpy(), return_inverse=True)
    if len(distinct) < 2:
        raise DataError(
            "the items to split are all of one group or time: at least 2 are needed; leave out "
            "`group=` or `time_column=`"
        )
    if split_by.is_floating_point():
        is_held_out = _find_latest(codes, fraction * len(codes))
    else:
        classes = np.zeros(len(codes), np.int64) if targets is None else targets.numpy()
        is_held_out = _choose_groups(codes, classes, fraction, seed)
    return np.flatnonzero(~is_held_out).tolist(), np.flatnonzero(is_held_out).tolist()


def _find_latest(codes: NDArray[np.int64], count: float) -> Mask:
    """Returns a mask of the latest items, about `count`; `codes` are the ranks of their times."""
    counts = np.bincount(codes)
    totals = counts[::-1].cumsum()[: len(counts) // 2]
    return codes >= len(counts) - 1 - abs(totals - count).argmin()


def _choose_groups(
    codes: NDArray[np.int64], classes: NDArray[np.int64], fraction: float, seed: int
) -> Mask:
    """Returns a mask of the items in the groups to hold out; `codes` are the group numbers.

    Groups are visited in random order. A group is held out if this brings the number of items of
    each class nearer to the number that is wanted.
    """
    sizes = np.bincount(codes)
    groups = np.split(np.argsort(codes, kind="stable"), sizes.cumsum()[:-1])
    totals = np.rint((fraction * np.bincount(classes)).cumsum())  # so that errors cancel out
    wanted = np.diff(totals, prepend=0)
    chosen: list[int] = []
    for group in np.random.default_rng(seed).permutation(len(groups)).tolist():
        rest = wanted - np.bincount(classes[groups[group]], minlength=len(wanted))
        if abs(rest).sum() < abs(wanted).sum() and len(chosen) < len(groups) // 2:
            chosen.append(group)
            wanted = rest
    return np.isin(codes, chosen or [sizes.argmin()])


def check_column_folds(split_by: Tensor, folds: int) -> None:
    """Raises DataError if there are too few groups or times for a number of folds."""
    n = len(set(split_by.tolist()))
    if split_by.is_floating_point() and n <= folds:
        raise DataError(
            f"{n} different times cannot be split into {folds} folds, which need {folds + 1}: "
            "ask for fewer"
        )
    if n < folds:
        raise DataError(f"{n} groups cannot be split into {folds} folds: ask for fewer")


def chain_folds(times: Tensor, folds: int) -> list[tuple[list[int], list[int]]]:
    """Returns the training and the validation indices of each fold, by forward chaining.

    The distinct times are cut into `folds` + 1 blocks, as by scikit-learn's `TimeSeriesSplit`.
    Each block but the first is the validation part of a fold; all earlier blocks are its training
    part.
    """
    from sklearn.model_selection import TimeSeriesSplit

    distinct, codes = np.unique(times.numpy(), return_inverse=True)
    return [
        (np.flatnonzero(codes < val[0]).tolist(), np.flatnonzero(np.isin(codes, val)).tolist())
        for _, val in TimeSeriesSplit(folds).split(distinct)
    ]


def describe_split_column(parts: tuple[Part, ...], spec: DataSpec) -> str:
    """Returns how many groups, or which times, each part has; empty without such a column."""
    keys = [part.split_by for part in parts if part.split_by is not None]
    column = next((column for column in spec.columns if column.role in ("group", "time")), None)
    if column is None or not keys:
        return ""
    if column.role == "group":
        counts = " / ".join(f"{len(set(groups.tolist())):,}" for groups in keys)
        return f"{len(set(torch.cat(keys).tolist())):,} groups of {column.name!r} ({counts})"
    ends = [[_format_time(end.item(), column) for end in times.aminmax()] for times in keys]
    return f"by {column.name!r}: {' / '.join(' to '.join(pair) for pair in ends)}"


def _format_time(time: float, column: Column) -> str:
    """Returns a number as text; if the column holds dates, it counts the days since 1970."""
    if not column.date_order:
        return f"{time:.10g}"
    date = EPOCH + timedelta(days=time)
    return f"{date:%Y-%m-%d}" if time % 1 == 0 else f"{date:%Y-%m-%d %H:%M:%S}"
