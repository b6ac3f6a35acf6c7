"""Equal items: tensors with equal values, or files with equal bytes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, cast

import numpy as np
from torch import Tensor

if TYPE_CHECKING:
    from ..parts import Items
    from ..sources.lazy_images import LazyImages

SAMPLE_BYTES = 4096  # from the middle of a file: enough to tell most files of one size apart
MAX_CACHED_DIGESTS = 2**17


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
    states = [_size_and_mtime(path) for path in paths]
    keys: list[Hashable] = [size for size, _ in states]
    for sample_bytes in (SAMPLE_BYTES, None):
        counts = Counter(keys)
        keys = [
            (key, _content_digest(path, *state, sample_bytes)) if counts[key] > 1 else key
            for key, path, state in zip(keys, paths, states, strict=True)
        ]
    return first_occurrences_of_keys(keys)


def _size_and_mtime(path: str) -> tuple[Hashable, int]:
    """Returns the size and modification time of a file; its path as size if it is unreadable."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return path, 0
    return status.st_size, status.st_mtime_ns


@lru_cache(MAX_CACHED_DIGESTS)
def _content_digest(path: str, size: int, mtime_ns: int, sample_bytes: int | None) -> Hashable:
    """Returns a hash of a file or of its middle; its path if it is unreadable."""
    try:
        with open(path, "rb") as file:
            if sample_bytes is not None:
                file.seek(max(0, size - sample_bytes) // 2)
            return sha256(file.read(-1 if sample_bytes is None else sample_bytes)).digest()
    except OSError:
        return path
