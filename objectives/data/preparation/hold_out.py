"""Splits a part in two: some items are held out, stratified by class.

Equal items stay together. If the options name a column of groups or times, it decides instead.
"""

from collections import Counter
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from math import gcd
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..data_error import file_state
from ..parts import Items, Part
from ..sources.lazy_images import LazyImages
from .column_split import hold_out_by_column

MIN_ITEMS = 10
"""The smallest number of items that a source may have."""
TEST_FRACTION, VAL_FRACTION = 0.2, 0.1
"""Fractions of the items that become the test and the validation part if the source has none."""
COMPARED_BYTES = 4096  # from the middle of a file: enough to tell most files of one size apart
ROWS_PER_CHUNK = 1024
MAX_CACHED_DIGESTS = 2**17


def hold_out(part: Part, fraction: float, seed: int) -> tuple[Part, Part]:
    """Returns a part without the held-out items, and a part with them.

    `fraction` of the items are held out; see `split_indices`.
    """
    first_indices = first_occurrences(part.inputs)
    kept, held_out = split_indices(
        part.targets, len(part), fraction, seed, first_indices, part.split_by
    )
    return part.take(kept), part.take(held_out)


def choose_rows(
    rows: Sequence[int],
    test: Container[int],
    val: Container[int],
    split: Callable[[list[int]], tuple[list[int], list[int]]],
) -> tuple[list[int], list[int]]:
    """Returns the training rows and the test rows of a source with parts of its own.

    Args:
        rows: All rows.
        test: The rows of the test part; empty if the source has none.
        val: The rows of the validation part, which are in neither result.
        split: A function that takes the other rows, and returns the indices of those to train on
            and of those to test. It is used if there is no test part.
    """
    others = [row for row in rows if row not in test and row not in val]
    if own := [row for row in rows if row in test]:
        return others, own
    kept, held_out = split(others)
    return [others[index] for index in kept], [others[index] for index in held_out]


def split_indices(
    targets: Tensor | None,
    n: int,
    fraction: float,
    seed: int,
    first_indices: Sequence[int] | None = None,
    split_by: Tensor | None = None,
) -> tuple[list[int], list[int]]:
    """Returns two sorted lists, each with at least one index: items to keep and items to hold out.

    Args:
        targets: The class of each item, with shape (n,). If possible, each class is split by the
            same fraction. Floats are ignored.
        n: Number of items.
        fraction: Fraction of the items to hold out.
        seed: Seed of the split.
        first_indices: The result of `first_occurrences`; items with the same value are equal.
            Equal items stay on the same side. If this would hold out less than half of the wanted
            number of items, equal items are separated.
        split_by: The groups or times that decide instead; see `hold_out_by_column`.
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
    if split_by is not None:
        return hold_out_by_column(split_by, targets, fraction, seed)
    if first_indices is not None and len(set(first_indices)) < n:
        grouped = _hold_out_groups(targets, first_indices, fraction, seed)
        if 2 * len(grouped) >= count:
            return sorted(set(range(n)) - set(grouped)), grouped
    kept, held_out = train_test_split(
        np.arange(n), test_size=count, random_state=seed, stratify=targets
    )
    return np.sort(kept).tolist(), np.sort(held_out).tolist()


def _hold_out_groups(
    targets: Tensor | None, first_indices: Sequence[int], fraction: float, seed: int
) -> list[int]:
    """Returns the sorted indices of the items to hold out.

    Items with the same value in `first_indices` form a group, and a group is held out as a whole.
    Groups are visited in random order. A group is skipped if it has too many items of a class.
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
    for group in np.random.default_rng(seed).permutation(len(members)).tolist():
        labels = [classes[index] for index in members[group]]
        counts = {labels[0]: 1} if len(labels) == 1 else Counter(labels)  # most have one item
        if all(count <= needed[label] for label, count in counts.items()):
            held_out += members[group]
            for label, count in counts.items():
                needed[label] -= count
    return sorted(held_out)


def first_occurrences(*parts: Items) -> list[int]:
    """Returns for each item the index of the first equal item; this may be the item itself.

    Indices count the items of all parts, in the order of the parts. Lazy images are equal if their
    files have the same bytes.
    """
    if not all(isinstance(part, Tensor) for part in parts):
        paths = [path for part in parts for path in cast("LazyImages", part).paths]
        return first_occurrences_of_files(paths)
    arrays = [
        np.ascontiguousarray(part.numpy()).reshape(len(part), -1)
        for part in cast("tuple[Tensor, ...]", parts)
    ]
    hashes = np.concatenate([_hash_rows(rows) for rows in arrays])
    in_order = np.sort(hashes)
    if (in_order[1:] != in_order[:-1]).all():
        return list(range(len(hashes)))
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    candidates: list[int] = first[inverse].tolist()
    repeats = np.flatnonzero(first[inverse] != np.arange(len(hashes))).tolist()
    rows = [row for array in arrays for row in array]
    if all(np.array_equal(rows[candidates[index]], rows[index]) for index in repeats):
        return candidates
    # Different rows have the same hash, or equal rows hold NaN, which differs from itself.
    candidates = first_occurrences_of_keys(row.tobytes() for row in rows)
    return [
        first if first == index or np.array_equal(rows[first], rows[index]) else index
        for index, first in enumerate(candidates)
    ]


def _hash_rows(rows: NDArray[Any]) -> NDArray[np.uint64]:
    """Returns a hash of each row of a matrix; different rows rarely have the same hash."""
    size = gcd(rows.shape[1] * rows.itemsize, 8)
    words = rows.view(f"u{size}")
    factors = np.random.default_rng(0).integers(2**64, size=words.shape[1], dtype=np.uint64) | 1
    hashes = np.empty(len(rows), np.uint64)
    for start in range(0, len(rows), ROWS_PER_CHUNK):
        chunk = words[start : start + ROWS_PER_CHUNK].astype(np.uint64)
        chunk ^= chunk >> np.uint64(32)  # numbers often differ in their upper bits alone
        hashes[start : start + ROWS_PER_CHUNK] = (chunk * factors).sum(axis=1)
    return hashes


def first_occurrences_of_keys(keys: Iterable[Hashable]) -> list[int]:
    """Returns for each key the index of the first equal key; this may be the key itself."""
    seen: dict[Hashable, int] = {}
    return [seen.setdefault(key, index) for index, key in enumerate(keys)]


def first_occurrences_of_files(paths: Sequence[str]) -> list[int]:
    """Returns for each file the index of the first file with the same bytes.

    Files are opened only if another file has the same size. They are read as a whole only if the
    bytes in the middle are the same, too. A file that cannot be read counts as unique.
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
    """Returns a hash of the middle `compared_bytes` of a file; if None, a hash of the whole file.

    If the file cannot be read, its path is returned.
    """
    try:
        with open(path, "rb") as file:
            if compared_bytes is not None:
                file.seek(max(0, size - compared_bytes) // 2)
            return sha256(file.read(-1 if compared_bytes is None else compared_bytes)).digest()
    except OSError:
        return path
