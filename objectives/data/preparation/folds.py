"""Folds for cross-validation; they split the training and the validation part together."""

import hashlib
import logging
import warnings
from typing import Any

import torch

from ..data_error import DataError
from ..parts import Part
from .column_split import chain_folds, check_column_folds
from .hold_out import first_occurrences
from .splits import Splits

log = logging.getLogger(__name__)

Fold = tuple[list[int], list[int]]
"""The indices of the training items, and the indices of the validation items."""
_cached_folds: dict[tuple[str, int, int], list[Fold]] = {}


def make_fold(splits: Splits, index: int, folds: int, seed: int) -> Splits:
    """Returns `splits` with fold number `index` as validation part; the test part is unchanged.

    The first fold is number 0.
    """
    total = len(splits.train) + len(splits.val)
    if splits.has_own_val:
        raise DataError(
            "this data has a separate validation part, and folds would mix it with the training "
            "part: leave out `folds=`"
        )
    if total < folds:
        raise DataError(f"{total} items cannot be split into {folds} folds: ask for fewer")
    if splits.train.split_by is not None and splits.val.split_by is not None:
        check_column_folds(torch.cat([splits.train.split_by, splits.val.split_by]), folds)
    train, val = split_fold(splits, splits.train, splits.val, index, folds, seed)
    description = f"{splits.fingerprint} fold {index} of {folds} by {seed}"
    fingerprint = hashlib.sha256(description.encode()).hexdigest()[:16]
    return splits._replace(train=train, val=val, fingerprint=fingerprint)


def split_fold(
    splits: Splits, train: Part, val: Part, index: int, folds: int, seed: int
) -> tuple[Part, Part]:
    """Returns the training and the validation part of fold `index`, stratified by class.

    `train` and `val` hold the items of `splits`, or values computed from these items, such as
    latent codes. Equal items are in the same fold if possible. The items of a group are in the
    same fold. With times, a fold has later items than its training part; see `chain_folds`.
    """
    key = splits.fingerprint, folds, seed
    if key not in _cached_folds:
        _cached_folds.clear()
        items = splits.train.concat(splits.val)
        _cached_folds[key] = _fold_indices(items, folds, seed)
    train_indices, val_indices = _cached_folds[key][index]
    items = train.concat(val)
    return items.take(train_indices), items.take(val_indices)


def check_folds(data: Any, folds: int) -> None:
    """Raises DataError if data cannot be split into folds; logs classes that some folds lack."""
    if not hasattr(data, "fold"):
        raise DataError(
            f"{type(data).__name__} cannot be split into folds, because it has no method `fold`: "
            "leave out `folds=`"
        )
    data.fold(0, folds)
    splits = getattr(getattr(data, "items", data), "splits", None)
    if not isinstance(splits, Splits) or splits.train.targets is None or not splits.spec.classes:
        return
    targets = splits.train.concat(splits.val).targets
    (fold_indices,) = _cached_folds.values()
    present = [set(targets[val].tolist()) for _, val in fold_indices]  # type: ignore[index]
    for number, name in enumerate(splits.spec.classes):
        missing = sum(number not in classes for classes in present)
        if missing:
            log.info(
                "%s of %s folds have a validation part without an item of class %r",
                missing,
                folds,
                name,
            )


def _fold_indices(items: Part, folds: int, seed: int) -> list[Fold]:
    from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold

    targets, n, split_by = items.targets, len(items), items.split_by
    if split_by is not None and split_by.is_floating_point():
        return chain_folds(split_by, folds)
    classes = None if targets is None or targets.is_floating_point() else targets
    if classes is not None and classes.bincount().max() < folds:
        classes = None  # no class has an item for each fold
    rows = torch.zeros(n, 1)
    groups = first_occurrences(items.inputs) if split_by is None else split_by.tolist()
    if split_by is not None or folds <= len(set(groups)) < n:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        labels = torch.zeros(n, dtype=torch.long) if classes is None else classes
        grouped = _split_by(splitter, rows, labels, groups)
        if split_by is not None or all(2 * folds * len(val) >= n for _, val in grouped):
            return grouped
    splitter = (KFold if classes is None else StratifiedKFold)(
        folds, shuffle=True, random_state=seed
    )
    return _split_by(splitter, rows, classes)


def _split_by(splitter: Any, *columns: Any) -> list[Fold]:
    with warnings.catch_warnings(action="ignore"):  # about classes with fewer items than folds
        return [(train.tolist(), val.tolist()) for train, val in splitter.split(*columns)]
