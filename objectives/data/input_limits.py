"""How large a file of data may be, and that it is one: the door that each comes through."""

import os
import stat
from pathlib import Path
from typing import Literal

import psutil

from .data_error import DataError

Kind = Literal["table", "text", "array", "image"]
MIB, GIB = 2**20, 2**30
MAX_FILE_BYTES: dict[Kind, int] = {
    "table": 2 * GIB,
    "text": 256 * MIB,
    "array": 64 * GIB,
    "image": GIB,
}
"""What a file of each kind may take; in memory, a table takes ten times as much."""
MAX_COLUMNS = 100_000


def check_input_file(path: str | Path, kind: Kind) -> Path:
    """Returns the path of a file that may be opened: to read a pipe or a device may never end.

    Raises:
        DataError: If it is missing, no ordinary file, or too large for one of its kind.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:  # the second of a name that no file can have
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}") from error
    if not stat.S_ISREG(found.st_mode):
        raise DataError(f"{path} is not a file that can be read")
    check_input_size(path, found.st_size, kind)
    return Path(path)


def check_input_size(name: str | Path, size: int, kind: Kind) -> None:
    """Raises DataError if something takes more bytes than its kind may, or memory has."""
    if size > MAX_FILE_BYTES[kind]:
        raise DataError(f"{name} takes {size:,} bytes: {MAX_FILE_BYTES[kind]:,} are read at most")
    if size > (free := psutil.virtual_memory().available):
        raise DataError(f"{name} takes {size:,} bytes, and {free:,} bytes of memory are free")
