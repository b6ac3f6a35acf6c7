"""The error for files and databases that cannot be used, and checks that raise it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..models.errors import LatentuneError
from .redact import redact


class StorageError(LatentuneError, ValueError):
    """The error for a file, folder or database that is missing, broken, or cannot be written."""


def refuse_url(path: Path, option: str) -> Path:
    """Returns a path unchanged, after checking that it is not a URL.

    Otherwise the password in a URL could become part of the name of a new folder. `option` is the
    name of the user's argument that gave the path, for the error message.

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
    """Turns an OSError in the block into a StorageError about writing to `path`."""
    try:
        yield
    except OSError as error:
        raise unwritable_path_error(path, error) from error


def unwritable_path_error(path: Path, error: Exception) -> StorageError:
    """Returns the error for a path that cannot be written, with the reason from `error`."""
    reason = getattr(error, "strerror", None) or error
    return StorageError(f"cannot write to {path}: {reason}; name another folder by `runs=`")
