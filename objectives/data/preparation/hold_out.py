"""Hold-out split: a stratified fraction of the items. Equal items stay in one part."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import cast

import numpy as np
from torch import Tensor

from ..data_error import file_state
from ..parts import Items, Part
from ..sources.lazy_images import LazyImages

MIN_ITEMS = 10
"""The smallest number of items that a source may have."""
TEST_FRACTION, VAL_FRACTION = 0.2, 0.1
"""Shares of the test part and of the validation part, if a source lacks them."""
COMPARED_BYTES = 4096  # from the middle of a file: enough to tell most files of one size apart
MAX_CACHED_DIGESTS = 2**17


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
        first_indices: For each item, the index of the first item equal to it, from
            `first_occurrences`. Equal items stay on one side. They are separated only if the
            held-out side would get less than half of its share otherwise.
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


def first_occurrences(*parts: Items) -> list[int]:
    """Returns for each item the index of the first item that is equal to it.

    Indices go on from one part to the next. Lazy images are equal if their files are.
    """
    if not all(isinstance(part, Tensor) for part in parts):
        paths = [path for part in parts for path in cast("LazyImages", part).paths]
        return first_occurrences_of_files(paths)
    rows = [
        row
        for part in cast("tuple[Tensor, ...]", parts)
        for row in np.ascontiguousarray(part.numpy()).reshape(len(part), -1)
    ]
    candidates = first_occurrences_of_keys(hash(row.tobytes()) for row in rows)
    return [
        first if first == index or np.array_equal(rows[first], rows[index]) else index
        for index, first in enumerate(candidates)
    ]


def first_occurrences_of_keys(keys: Iterable[Hashable]) -> list[int]:
    """Returns for each key the index of the first key that is equal to it."""
    seen: dict[Hashable, int] = {}
    return [seen.setdefault(key, index) for index, key in enumerate(keys)]


def first_occurrences_of_files(paths: Sequence[str]) -> list[int]:
    """Returns for each file the index of the first file with the same bytes.

    Only files of equal size are opened, and only those with an equal middle are read as a whole.
    A file that cannot be read equals no other.
    """
    states = [file_state(path) or (path, 0) for path in paths]
    keys: list[Hashable] = [size for size, _ in states]
    for compared_bytes in (COMPARED_BYTES, None):
        counts = Counter(keys)
        keys = [
            (key, _content_digest(path, *state, compared_bytes)) if counts[key] > 1 else key
            for key, path, state in zip(keys, paths, states, strict=True)
        ]
    return first_occurrences_of_keys(keys)


@lru_cache(MAX_CACHED_DIGESTS)
def _content_digest(path: str, size: int, mtime_ns: int, compared_bytes: int | None) -> Hashable:
    """Returns a hash of a file or of its middle; its path if it is unreadable."""
    try:
        with open(path, "rb") as file:
            if compared_bytes is not None:
                file.seek(max(0, size - compared_bytes) // 2)
            return sha256(file.read(-1 if compared_bytes is None else compared_bytes)).digest()
    except OSError:
        return path
