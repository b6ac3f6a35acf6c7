"""Cross-validation: all but the test part is cut into folds, and each of them validates once."""

import hashlib
import warnings
from typing import Any

import torch
from torch import Tensor

from .errors import DataError
from .parts import Part
from .splits import Splits


def fold_of(splits: Splits, index: int, folds: int, seed: int) -> Splits:
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
    if splits.brought:
        raise DataError(
            "these data bring a validation part, which folds would mix with the training part: "
            "leave out `folds=`"
        )
    if total < folds:
        raise DataError(f"{total} items cannot be cut into {folds} folds: ask for fewer")
    train, val = cut_fold(splits.train, splits.val, index, folds, seed)
    which = f"{splits.fingerprint} fold {index} of {folds} by {seed}"
    fingerprint = hashlib.sha256(which.encode()).hexdigest()[:16]
    return splits._replace(train=train, val=val, fingerprint=fingerprint)


def cut_fold(train: Part, val: Part, index: int, folds: int, seed: int) -> tuple[Part, Part]:
    """Returns the items of all folds but one, and those of that one, evenly by class."""
    whole = train.joined(val)
    kept, held = _cuts(whole.targets, len(whole), folds, seed)[index]
    return whole.take(kept), whole.take(held)


def check_folds(data: Any, folds: int) -> None:
    """Checks that data can be cut into folds.

    Raises:
        DataError: If they cannot.
    """
    if not hasattr(data, "fold"):
        raise DataError(
            f"{type(data).__name__} cannot be cut into folds, because it has no method `fold`: "
            "leave out `folds=`"
        )
    data.fold(0, folds)


def _cuts(
    targets: Tensor | None, n: int, folds: int, seed: int
) -> list[tuple[list[int], list[int]]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    classes = None if targets is None or targets.is_floating_point() else targets
    if classes is not None and classes.bincount().max() < folds:
        classes = None  # there is no class of which each fold could have one
    kind = KFold if classes is None else StratifiedKFold
    cutter = kind(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings(action="ignore"):  # of a class with fewer items than folds
        cuts = list(cutter.split(torch.zeros(n, 1), classes))
    return [(kept.tolist(), held.tolist()) for kept, held in cuts]
