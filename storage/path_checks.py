"""Checks of names and paths that come from files, which other people may have written.

A path that a file of a runs folder records is relative to that folder, so that it still holds
after the folder was copied or moved. It must not lead to a file outside of the folder.
"""

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

MAX_PART_BYTES = 255  # bytes of the name of a file or folder
MAX_PATH_BYTES = 1024  # bytes of the path
MAX_PORTABLE_LENGTH = 240
WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names of devices on Windows, with any suffix."""

_DRIVE = re.compile(r"[A-Za-z]:")


def is_portable(name: str) -> bool:
    """Returns whether a relative path is valid on every system and stays in its folder."""
    return len(name) <= MAX_PORTABLE_LENGTH and all(
        part.isprintable()
        and part.strip(" ") == part.rstrip(".") == part != ""
        and not set(part) & set('<>:"\\|?*')
        and not WINDOWS_DEVICE.fullmatch(part)
        for part in name.split("/")
    )


def case_folded(name: str) -> str:
    """Returns equal texts for names that are one file on some system.

    Such names differ only in case or in composed letters.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def relative_to_root(path: Path, root: Path) -> str | None:
    """Returns a path relative to the folder `root`, with links followed; None if it is outside."""
    # `Path.resolve` raises an error for a link to itself.
    real, real_root = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    return real.relative_to(real_root).as_posix() if real.is_relative_to(real_root) else None


def recorded_path_error(recorded: Any, root: Path, *, follow: bool = True) -> str | None:
    """Returns why a value that was read is not a path in the folder `root`; None if it is.

    Links among its parent folders are followed, and with `follow` the path itself if it is a link.
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
