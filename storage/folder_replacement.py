"""Putting a folder in the place of another, so that a kill between two renames costs neither.

A new folder that is whole is renamed first, to a name beside its place. From then on
`finish_replacement` ends
what was begun, in whichever process: the command that was killed need not be the one that goes on.
"""

import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from .lock_wait import hold_lock


def finished_folder(folder: Path) -> Path:
    """Returns where a folder lies that is whole, and is about to take the place of another."""
    return folder.with_name(f"{folder.name}-finished")


def previous_folder(folder: Path) -> Path:
    """Returns where a folder lies whose place another one has taken."""
    return folder.with_name(f"{folder.name}-before")


def replace_with(new: Path, folder: Path, place: Path, *, keep: bool) -> None:
    """Puts a folder in the place of another, which is kept beside it or removed.

    Args:
        new: The folder, which is whole.
        folder: Where it goes.
        place: A scratch folder.
        keep: Whether what was there stays, with `-before` behind its name.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    finish_replacement(folder, place)
    shutil.move(new, finished_folder(folder))
    finish_replacement(folder, place)
    if not keep:
        discard(previous_folder(folder), place)


def finish_replacement(folder: Path, place: Path) -> None:
    """Ends a `replace_with` that was killed: the folder that was whole is in its place then.

    Args:
        folder: The place.
        place: A scratch folder.
    """
    finished, before = finished_folder(folder), previous_folder(folder)
    if not finished.is_dir():
        return
    lock = FileLock(place.parent / "renames.lock")
    with hold_lock(lock, f"{folder}"):  # others may want to read it, and settle it too
        if not finished.is_dir():
            return
        if folder.exists():
            discard(before, place)
            folder.rename(before)
        finished.rename(folder)


def discard(path: Path, place: Path) -> None:
    """Removes a file or folder, if it is there, at once: by a rename into a scratch folder."""
    if os.path.lexists(path):
        shutil.move(path, tempfile.mkdtemp(dir=place))
