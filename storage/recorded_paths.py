"""Paths that are recorded in files of a runs folder.

A recorded path is relative to the runs folder, so it still holds after that folder was copied or
moved. A runs folder may come from somebody else, so a path is checked when it is read: it must not
lead to a file outside of the runs folder.
"""

import os
import re
from pathlib import Path
from typing import Any

MAX_PART_BYTES = 255  # bytes of the name of a file or folder
MAX_PATH_BYTES = 1024  # bytes of the whole path

_DRIVE = re.compile(r"[A-Za-z]:")


def relative_to_root(path: Path, root: Path) -> str | None:
    """Returns a path relative to the folder `root`; None if it lies outside.

    Links are followed.
    """
    # `Path.resolve` raises an error for a link to itself.
    whole, real_root = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    return whole.relative_to(real_root).as_posix() if whole.is_relative_to(real_root) else None


def recorded_path_error(recorded: Any, root: Path, *, follow: bool = True) -> str | None:
    """Returns why a recorded path does not lie in a folder; None if it does.

    Args:
        recorded: The value that was read, of any type.
        root: The folder.
        follow: Whether the path itself is followed if it is a link. Links among its parent folders
            are always followed.
    """
    if not isinstance(recorded, str):
        return "is not a path"
    try:
        parts = [os.fsencode(part) for part in recorded.split("/")]
    except UnicodeEncodeError:
        return "is not a path in this file system"
    if b"" in parts or _DRIVE.match(recorded):
        return "is not relative to the runs folder"
    if any(part in (b".", b"..") for part in parts):
        return "leads out of the runs folder"
    if "\\" in recorded or "\0" in recorded:
        return "holds a backslash or a null character"
    if max(map(len, parts)) > MAX_PART_BYTES or len(os.fsencode(recorded)) > MAX_PATH_BYTES:
        return "is too long"
    place = root / recorded
    if relative_to_root(place if follow else place.parent, root) is None:
        return "leads out of the runs folder by a link"
    return None
