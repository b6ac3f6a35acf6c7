"""Checks names and paths that are read from files, which other people may have written.

Files in a runs folder record paths relative to the runs folder, so the folder can be copied or
moved. A recorded path must not lead out of the folder.
"""

import os
import re
import unicodedata
from pathlib import Path
from typing import Any

MAX_PART_BYTES = 255  # maximal length of a file name
MAX_PATH_BYTES = 1024  # maximal length of a path
MAX_PORTABLE_LENGTH = 240
WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Matches file names that mean a device on Windows, such as `con` and `nul.txt`."""

_DRIVE = re.compile(r"[A-Za-z]:")


def is_portable(name: str) -> bool:
    """Returns whether a relative path is valid on every operating system, and has no `..`."""
    return len(name) <= MAX_PORTABLE_LENGTH and all(
        part.isprintable()
        and part.strip(" ") == part.rstrip(".") == part != ""
        and not set(part) & set('<>:"\\|?*')
        and not WINDOWS_DEVICE.fullmatch(part)
        for part in name.split("/")
    )


def case_folded(name: str) -> str:
    """Returns a file name with case and composed letters normalized.

    Names with equal results are the same file on some operating systems.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def relative_to_root(path: Path, root: Path) -> str | None:
    """Returns a path relative to the folder `root`, with links resolved.

    Returns None if the path is outside of `root`.
    """
    # `Path.resolve` raises an error for a link to itself.
    real, real_root = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    return real.relative_to(real_root).as_posix() if real.is_relative_to(real_root) else None


def recorded_path_error(recorded: Any, root: Path, *, follow: bool = True) -> str | None:
    """Returns why a recorded value is not a path in the folder `root`; None if it is one.

    Links in parent folders must stay in `root`. With `follow`, the path itself may be a link, and
    must stay in `root` too.
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
