"""Cross-validation: all but the test part is cut into folds, and each of them validates once."""

import hashlib
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..data_error import DataError
from ..parts import Part
from .duplicates import first_occurrences
from .splits import Splits

log = logging.getLogger(__name__)

_cached_folds: dict[tuple[str, int, int], list[tuple[list[int], list[int]]]] = {}


def make_fold(splits: Splits, index: int, folds: int, seed: int) -> Splits:
    """Returns splits of which one of the folds is the validation part; the test part stays.

    Args:
        splits: The ordinary splits.
        index: Which fold, from 0.
        folds: Number of folds, from 2.
        seed: Seed of the cut.

    Raises:
        DataError: If there are fewer items than folds, or the data bring a validation part.
    """
    total = len(splits.train) + len(splits.val)
    if splits.has_own_val:
        raise DataError(
            "these data bring a validation part, which folds would mix with the training part: "
            "leave out `folds=`"
        )
    if total < folds:
        raise DataError(f"{total} items cannot be cut into {folds} folds: ask for fewer")
    train, val = split_fold(splits, splits.train, splits.val, index, folds, seed)
    which = f"{splits.fingerprint} fold {index} of {folds} by {seed}"
    fingerprint = hashlib.sha256(which.encode()).hexdigest()[:16]
    return splits._replace(train=train, val=val, fingerprint=fingerprint)


def split_fold(
    splits: Splits, train: Part, val: Part, index: int, folds: int, seed: int
) -> tuple[Part, Part]:
    """Returns what belongs to all folds but one, and to that one, evenly by class.

    Items that are equal are in one fold, if that is possible.

    Args:
        splits: The items.
        train: These of the training part, or what was made of them, such as their codes.
        val: Likewise of the validation part.
        index: Which fold, from 0.
        folds: Number of folds, from 2.
        seed: Seed of the cut.
    """
    whole = train.concat(val)
    key = splits.fingerprint, folds, seed
    if key not in _cached_folds:
        _cached_folds.clear()
        items = splits.train.concat(splits.val)
        _cached_folds[key] = _fold_indices(
            items.targets, len(items), folds, seed, first_occurrences(items.inputs)
        )
    kept, held_out = _cached_folds[key][index]
    return whole.take(kept), whole.take(held_out)


def check_folds(data: Any, folds: int) -> None:
    """Checks that data can be cut into folds, and says which folds lack a class.

    Raises:
        DataError: If they cannot.
    """
    if not hasattr(data, "fold"):
        raise DataError(
            f"{type(data).__name__} cannot be cut into folds, because it has no method `fold`: "
            "leave out `folds=`"
        )
    data.fold(0, folds)
    splits = getattr(getattr(data, "items", data), "splits", None)
    if not isinstance(splits, Splits) or splits.train.targets is None or not splits.spec.classes:
        return
    targets = splits.train.concat(splits.val).targets
    (cuts,) = _cached_folds.values()
    present = [set(targets[held_out].tolist()) for _, held_out in cuts]  # type: ignore[index]
    for number, name in enumerate(splits.spec.classes):
        missing_count = sum(number not in classes for classes in present)
        if missing_count:
            log.info("%s of %s folds validate without an item of %r", missing_count, folds, name)


def _fold_indices(
    targets: Tensor | None, n: int, folds: int, seed: int, first_indices: Sequence[int]
) -> list[tuple[list[int], list[int]]]:
    from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold

    classes = None if targets is None or targets.is_floating_point() else targets
    if classes is not None and classes.bincount().max() < folds:
        classes = None  # there is no class of which each fold could have one
    kind = KFold if classes is None else StratifiedKFold
    splitter = kind(folds, shuffle=True, random_state=seed)
    cuts = _split_by(splitter, torch.zeros(n, 1), classes)
    if folds <= len(set(first_indices)) < n:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        classes = torch.zeros(n, dtype=torch.long) if classes is None else classes
        grouped = _split_by(splitter, torch.zeros(n, 1), classes, first_indices)
        if all(2 * folds * len(held_out) >= n for _, held_out in grouped):
            return grouped
    return cuts


def _split_by(splitter: Any, *columns: Any) -> list[tuple[list[int], list[int]]]:
    with warnings.catch_warnings(action="ignore"):  # of a class with fewer items than folds
        return [(kept.tolist(), held_out.tolist()) for kept, held_out in splitter.split(*columns)]
