"""What can be made again, in files, so that the next command need not: images, codes, features."""

import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import Tensor

_pending_writes: dict[Path, Tensor] = {}


def kept(
    cache: Path | None, what: str, state: str, length: int, read: Callable[[], Tensor]
) -> Tensor:
    """Returns what was read of files before, if none of them has changed, or reads it now.

    Args:
        cache: Where it is kept; None keeps nothing.
        what: The folder that the files are of, and how they are read; one reading of it is kept.
        state: What tells whether a file has changed: the names, sizes and times of all, and the
            order in which they are read.
        length: Number of images.
        read: Reads them; `flush_cache` writes what it has read.
    """
    if cache is None:
        return read()
    path = cache / "folders" / f"{_hash(what)}-{_hash(state)}.pt"
    found = _read_tensor(path, length)
    if found is not None:
        return found
    tensor = _pending_writes[path] = read()
    return tensor


def flush_cache() -> None:
    """Writes what was read; a command that is refused comes to its end before."""
    while _pending_writes:
        _replace_cache_file(*_pending_writes.popitem())


def read_cache_file(path: Path) -> Any:
    """Returns what `write_cache_file` has written; None if the file is missing or broken."""
    try:
        found = torch.load(path, mmap=True, weights_only=True)
        os.utime(path)  # so that `doctor` sees when it was last of use
        return found
    except Exception:  # torch raises half a dozen classes for files that it cannot read
        return None


def write_cache_file(path: Path, value: Any) -> None:
    """Writes what can be made again, at once or not at all; the folder is made.

    Workers may write the same at once, and whoever reads too soon finds no file. Where nothing can
    be written, it is made again.
    """
    partial = path.with_name(f".{path.name}-{os.getpid()}")
    with suppress(OSError, RuntimeError):  # torch has an error of its own
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}-*"):
            number = left.name.removeprefix(f".{path.name}-")
            if number.isdecimal() and not psutil.pid_exists(int(number)):
                left.unlink(missing_ok=True)
        torch.save(value, partial)
        os.replace(partial, path)


def _replace_cache_file(path: Path, tensor: Tensor) -> None:
    of_folder, _ = path.stem.split("-")
    write_cache_file(path, tensor)
    with suppress(OSError):  # another process may be as far
        # What was read before, and what a process that was killed had begun to write.
        for old in (*path.parent.glob(f"{of_folder}-*"), *path.parent.glob(f".{of_folder}-*")):
            if old != path:
                old.unlink(missing_ok=True)


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


def _read_tensor(path: Path, length: int) -> Tensor | None:
    """Maps the file into memory, if it is whole: what a process does not touch costs nothing."""
    tensor = read_cache_file(path)
    return tensor if isinstance(tensor, Tensor) and len(tensor) == length else None
