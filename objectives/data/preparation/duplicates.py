"""Items that are equal: in memory by their values, in files by their bytes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from torch import Tensor

    from ..parts import Items
    from ..sources.lazy_images import LazyImages

SAMPLE_BYTES = 4096  # bytes from the middle of a file, by which most files of one size differ
MAX_CACHED_DIGESTS = 2**17  # files


def first_occurrences(*parts: Items) -> list[int]:
    """Returns for each item the place of the first one that is equal to it, from 0.

    Photographs that stay in their files are equal if these are.

    Args:
        parts: Items of a data set, counted on from part to part.
    """
    import numpy as np
    import torch

    if not all(isinstance(part, torch.Tensor) for part in parts):
        return first_occurrences_of_files(
            [path for part in parts for path in cast("LazyImages", part).paths]
        )
    rows = [
        row
        for part in cast("tuple[Tensor, ...]", parts)
        for row in np.ascontiguousarray(part.numpy()).reshape(len(part), -1)
    ]
    first_indices = first_occurrences_of_keys(hash(row.tobytes()) for row in rows)
    return [
        first if first == place or np.array_equal(rows[first], rows[place]) else place
        for place, first in enumerate(first_indices)
    ]


def first_occurrences_of_keys(keys: Iterable[Hashable]) -> list[int]:
    """Returns for each key the place of the first one that is equal to it, from 0."""
    seen: dict[Hashable, int] = {}
    return [seen.setdefault(key, place) for place, key in enumerate(keys)]


def first_occurrences_of_files(paths: Sequence[str]) -> list[int]:
    """Returns for each file the place of the first one with the same bytes, from 0.

    Only files of one size are opened, and only those that agree in their middle are read as a
    whole. A file that cannot be read is equal to none.
    """
    stats = [_size_and_mtime(path) for path in paths]
    keys: list[Hashable] = [stat[0] for stat in stats]
    for sample_bytes in (SAMPLE_BYTES, None):
        counts = Counter(keys)
        keys = [
            (key, _content_digest(path, *stat, sample_bytes)) if counts[key] > 1 else key
            for key, path, stat in zip(keys, paths, stats, strict=True)
        ]
    return first_occurrences_of_keys(keys)


def _size_and_mtime(path: str) -> tuple[Hashable, int]:
    """Returns the size of a file and when it was written; its path in place of a size it lacks."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return path, 0
    return found.st_size, found.st_mtime_ns


@lru_cache(MAX_CACHED_DIGESTS)
def _content_digest(path: str, size: int, mtime_ns: int, sample_bytes: int | None) -> Hashable:
    """Returns a hash of all of a file, or of its middle; its path if it cannot be read."""
    try:
        with open(path, "rb") as file:
            if sample_bytes is not None:
                file.seek(max(0, size - sample_bytes) // 2)
            return sha256(file.read(-1 if sample_bytes is None else sample_bytes)).digest()
    except OSError:
        return path
