"""DataError, and checks of the type and size of an input file before it is opened."""

import os
import stat
from pathlib import Path
from typing import Literal

import psutil

from ...models.errors import LatentuneError

Kind = Literal["table", "text", "array", "image"]
MIB, GIB = 2**20, 2**30
MAX_FILE_BYTES: dict[Kind, int] = {
    "table": 2 * GIB,
    "text": 256 * MIB,
    "array": 64 * GIB,
    "image": GIB,
}
"""The largest allowed size of a file, by kind. A table takes ten times its file size in memory."""
SMALL_FILE_BYTES = 16 * MIB
"""Files up to this size are read without asking how much memory is free."""
MAX_COLUMNS = 100_000
FileState = tuple[int, int]
"""Size and modification time of a file. If both are unchanged, the file counts as unchanged."""


class DataError(LatentuneError, ValueError):
    """Raised if data is missing, empty, broken or does not fit an option."""


def check_input_file(path: str | Path, kind: Kind) -> Path:
    """Returns `path` as a Path, or raises DataError if the file is not regular or is too large.

    Pipes are refused, because reading from a pipe could block forever.
    """
    check_file(path, kind)
    return Path(path)


def check_file(path: str | Path, kind: Kind) -> None:
    """Raises DataError if a file is not regular or is too large for its kind."""
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:  # ValueError: the name holds a null byte
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}") from error
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path} is not a file that can be read")
    check_input_size(path, status.st_size, kind)


def file_state(path: str) -> FileState | None:
    """Returns size and modification time of a regular file, or None for any other path."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: the path holds a null byte
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def check_input_size(name: str | Path, size: int, kind: Kind) -> None:
    """Raises DataError if `size` exceeds the limit of the kind of file, or the free memory."""
    if size > MAX_FILE_BYTES[kind]:
        most = f"at most {MAX_FILE_BYTES[kind]:,} are read"
        raise DataError(f"{name} takes {size:,} bytes, and {most}: split it")
    if size > SMALL_FILE_BYTES and size > (free := psutil.virtual_memory().available):
        raise DataError(
            f"{name} takes {size:,} bytes, and {free:,} bytes of memory are free: split it"
        )
