"""The error for files and databases that cannot be used, and checks that raise it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..models.errors import LatentuneError
from .redact import redact


class StorageError(LatentuneError, ValueError):
    """A file, folder or database that is missing, broken, or cannot be written."""


def refuse_url(path: Path, option: str) -> Path:
    """Returns a path unchanged, after checking that it is not a URL.

    `option` is the name of the user's argument that gave the path, for the error message. If the
    path were a URL, a folder would be created whose name contains the password.

    Raises:
        StorageError: If the path is a URL.
    """
    if re.match(r"[A-Za-z][\w+.-]+:/", str(path)):
        raise StorageError(
            f"`{option}=` must be a path, and {redact(str(path))!r} is a URL; name a database by "
            "`storage=`"
        )
    return path


@contextmanager
def report_unwritable(path: Path) -> Iterator[None]:
    """Turns an OSError in the block into a StorageError: `path` cannot be written."""
    try:
        yield
    except OSError as error:
        raise unwritable_path_error(path, error) from error


def unwritable_path_error(path: Path, error: Exception) -> StorageError:
    """Returns the error for a path that cannot be written, with the reason from `error`."""
    reason = getattr(error, "strerror", None) or error
    return StorageError(f"cannot write to {path}: {reason}; name another folder by `runs=`")
