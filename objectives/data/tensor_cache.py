"""Cache files of what can be recomputed: decoded images, tables, latent codes, features."""

import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...storage.atomic_write import atomic_file

_pending_writes: dict[Path, Any] = {}


def read_through_cache(
    cache: Path | None, source: str, state: str, length: int, read: Callable[[], Tensor]
) -> Tensor:
    """Returns the cached tensor of a folder, or the result of `read()` if there is no valid one.

    `state` is a text that changes if a file of the source changes, such as names, sizes and times.
    A cached tensor with another state or length is not valid. `flush_cache` writes new results to
    the cache. If `cache` is None, nothing is cached.
    """
    if cache is None:
        return read()
    path = cache_path(cache, "folders", source, state)
    cached = read_cache_file(path)
    if isinstance(cached, Tensor) and len(cached) == length:
        return cached
    tensor = read()
    write_at_flush(path, tensor)
    return tensor


def cache_path(cache: Path, kind: str, source: str, state: str) -> Path:
    """Returns the path of what is cached of a source in one of its states."""
    return cache / kind / f"{_short_hash(source)}-{_short_hash(state)}.pt"


def write_at_flush(path: Path, content: Any) -> None:
    """Lets the next `flush_cache` write a file, whose path is from `cache_path`."""
    _pending_writes[path] = content


def flush_cache() -> None:
    """Writes all files that `write_at_flush` was called for since the last flush.

    A command calls this after its checks, so that a refused command writes nothing.
    """
    while _pending_writes:
        path, content = _pending_writes.popitem()
        write_cache_file(path, content)
        source, _ = path.stem.split("-")
        with suppress(OSError):  # another process may delete the same files
            # Older results of the source, and files that killed processes left.
            for old in (*path.parent.glob(f"{source}-*"), *path.parent.glob(f".{source}-*")):
                if old != path:
                    old.unlink(missing_ok=True)


def read_cache_file(path: Path) -> Any:
    """Returns the content of a cache file, mapped into memory; None if it is missing or broken."""
    try:
        content = torch.load(path, mmap=True, weights_only=True)
        os.utime(path)  # `doctor` reports files that were not used for long
        return content
    except Exception:  # torch raises many classes of errors for broken files
        return None


def write_cache_file(path: Path, value: Any) -> None:
    """Writes a value to a cache file, and creates the folder. A failure to write is ignored."""
    with suppress(OSError, RuntimeError), atomic_file(path) as partial:  # of torch
        torch.save(value, partial)


def _short_hash(text: str) -> str:
    return sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]
