"""Hold-out split: a stratified fraction of the items, with equal items on one side."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from ..parts import Part
from .duplicates import first_occurrences

MIN_ITEMS = 10
"""The smallest number of items that a source may have."""
TEST_FRACTION, VAL_FRACTION = 0.2, 0.1
"""Shares of the test part and of the validation part, if a source lacks them."""


def hold_out(part: Part, fraction: float, seed: int) -> tuple[Part, Part]:
    """Splits a part in two; the second one gets a fraction of the items.

    See `split_indices`.
    """
    first_indices = first_occurrences(part.inputs)
    kept, held_out = split_indices(part.targets, len(part), fraction, seed, first_indices)
    return part.take(kept), part.take(held_out)


def split_indices(
    targets: Tensor | None,
    n: int,
    fraction: float,
    seed: int,
    first_indices: Sequence[int] | None = None,
) -> tuple[list[int], list[int]]:
    """Returns the indices to keep and the indices to hold out, sorted, at least one of each.

    Args:
        targets: The class of each item, with shape (n,); both sides get the same share of each
            class if that is possible. Floats are ignored.
        n: Number of items.
        fraction: Share of the items to hold out.
        seed: Seed of the split.
        first_indices: The index of the first item equal to each, from `first_occurrences`. Equal
            items stay together, unless less than half of the fraction could be held out.
    """
    from sklearn.model_selection import train_test_split

    count = max(1, round(fraction * n))
    if targets is not None and targets.is_floating_point():
        targets = None
    if targets is not None:
        counts = targets.bincount()
        counts = counts[counts > 0]
        # Scikit-learn cannot stratify a class of one item or more classes than held-out items.
        if counts.min() < 2 or len(counts) > min(count, n - count):
            targets = None
    if first_indices is not None and len(set(first_indices)) < n:
        grouped = _hold_out_groups(targets, first_indices, fraction, seed)
        if 2 * len(grouped) >= count:
            return sorted(set(range(n)) - set(grouped)), grouped
    kept, held_out = train_test_split(
        range(n), test_size=count, random_state=seed, stratify=targets
    )
    return sorted(kept), sorted(held_out)


def _hold_out_groups(
    targets: Tensor | None, first_indices: Sequence[int], fraction: float, seed: int
) -> list[int]:
    """Returns the indices to hold out, sorted: whole groups of equal items in random order.

    A group is skipped if it has more items of a class than this class still needs.
    """
    groups: dict[int, list[int]] = {}
    for index, first in enumerate(first_indices):
        groups.setdefault(first, []).append(index)
    classes = [0] * len(first_indices) if targets is None else targets.tolist()
    needed: dict[int, int] = {}
    quota, total = 0.0, 0  # cumulative, so that rounding errors of the classes cancel out
    for label, count in sorted(Counter(classes).items()):
        quota += fraction * count
        needed[label] = round(quota) - total
        total += needed[label]
    members = list(groups.values())
    held_out: list[int] = []
    for group in np.random.default_rng(seed).permutation(len(members)):
        counts = Counter(classes[index] for index in members[group])
        if all(count <= needed[label] for label, count in counts.items()):
            held_out += members[group]
            for label, count in counts.items():
                needed[label] -= count
    return sorted(held_out)
