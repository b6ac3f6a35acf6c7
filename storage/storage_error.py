"""Places for files that a user names: a path, and not the URL of a database."""

import re
from pathlib import Path

from ..models.errors import LatentuneError
from .redact import shown


class StorageError(LatentuneError, ValueError):
    """A file, folder or database that is missing, broken, or cannot be written."""


def refuse_url(path: Path, option: str) -> Path:
    """Returns a path that is not the URL of a database, whose password would name a folder.

    Raises:
        StorageError: If it is one.
    """
    if re.match(r"[A-Za-z][\w+.-]+:/", str(path)):
        raise StorageError(
            f"`{option}=` is a place for files, and {shown(str(path))!r} is a URL; that of a "
            "database is named by `storage=`"
        )
    return path
