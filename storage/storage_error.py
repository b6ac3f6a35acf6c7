"""The error of everything that reads or writes files and databases."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..models.errors import LatentuneError
from .redact import redact


class StorageError(LatentuneError, ValueError):
    """A file, folder or database that is missing, broken, or cannot be written."""


def refuse_url(path: Path, option: str) -> Path:
    """Returns a path unchanged if it is not a URL.

    The password of a URL would become the name of a folder.

    Raises:
        StorageError: If it is a URL.
    """
    if re.match(r"[A-Za-z][\w+.-]+:/", str(path)):
        raise StorageError(
            f"`{option}=` must be a path, and {redact(str(path))!r} is a URL; name a database by "
            "`storage=`"
        )
    return path


@contextmanager
def report_unwritable(path: Path) -> Iterator[None]:
    """Raises StorageError with the reason of the system if the block cannot write to a path."""
    try:
        yield
    except OSError as error:
        raise unwritable_path_error(path, error) from error


def unwritable_path_error(path: Path, error: Exception) -> StorageError:
    """Returns the error for a path that cannot be written, with the reason of the system."""
    reason = getattr(error, "strerror", None) or error
    return StorageError(f"cannot write to {path}: {reason}; name another folder by `runs=`")
