"""Cross-validation: all but the test part is cut into folds, and each of them validates once."""

import hashlib
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .equal_items import first_equal
from .errors import DataError
from .parts import Part
from .splits import Splits

log = logging.getLogger(__name__)

_known: dict[tuple[str, int, int], list[tuple[list[int], list[int]]]] = {}


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
    train, val = cut_fold(splits, splits.train, splits.val, index, folds, seed)
    which = f"{splits.fingerprint} fold {index} of {folds} by {seed}"
    fingerprint = hashlib.sha256(which.encode()).hexdigest()[:16]
    return splits._replace(train=train, val=val, fingerprint=fingerprint)


def cut_fold(
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
    whole = train.joined(val)
    key = splits.fingerprint, folds, seed
    if key not in _known:
        _known.clear()
        items = splits.train.joined(splits.val)
        _known[key] = _cuts(items.targets, len(items), folds, seed, first_equal(items.inputs))
    kept, held = _known[key][index]
    return whole.take(kept), whole.take(held)


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
    targets = splits.train.joined(splits.val).targets
    (cuts,) = _known.values()
    present = [set(targets[held].tolist()) for _, held in cuts]  # type: ignore[index]
    for number, name in enumerate(splits.spec.classes):
        lacking = sum(number not in classes for classes in present)
        if lacking:
            log.info("%s of %s folds validate without an item of %r", lacking, folds, name)


def _cuts(
    targets: Tensor | None, n: int, folds: int, seed: int, firsts: Sequence[int]
) -> list[tuple[list[int], list[int]]]:
    from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold

    classes = None if targets is None or targets.is_floating_point() else targets
    if classes is not None and classes.bincount().max() < folds:
        classes = None  # there is no class of which each fold could have one
    kind = KFold if classes is None else StratifiedKFold
    cutter = kind(folds, shuffle=True, random_state=seed)
    cuts = _cut_by(cutter, torch.zeros(n, 1), classes)
    if folds <= len(set(firsts)) < n:
        cutter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        classes = torch.zeros(n, dtype=torch.long) if classes is None else classes
        together = _cut_by(cutter, torch.zeros(n, 1), classes, firsts)
        if all(2 * folds * len(held) >= n for _, held in together):
            return together
    return cuts


def _cut_by(cutter: Any, *columns: Any) -> list[tuple[list[int], list[int]]]:
    with warnings.catch_warnings(action="ignore"):  # of a class with fewer items than folds
        return [(kept.tolist(), held.tolist()) for kept, held in cutter.split(*columns)]
