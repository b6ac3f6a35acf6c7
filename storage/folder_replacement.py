"""Replacing a folder by a new one so that a kill between two renames loses neither.

The new folder is renamed to `NAME-finished` first. From then on `finish_replacement` completes the
replacement, in any process.
"""

import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from .lock_wait import hold_lock


def finished_folder(folder: Path) -> Path:
    """Returns the path of a complete folder that is about to replace `folder`."""
    return folder.with_name(f"{folder.name}-finished")


def previous_folder(folder: Path) -> Path:
    """Returns the path of the folder that `folder` has replaced."""
    return folder.with_name(f"{folder.name}-before")


def replace_with(new: Path, folder: Path, scratch: Path, *, keep: bool) -> None:
    """Replaces a folder by a complete new one.

    Args:
        new: The new folder.
        folder: The folder to replace; it need not exist.
        scratch: A scratch folder in the same file system.
        keep: Whether the old folder is kept as `previous_folder(folder)`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    finish_replacement(folder, scratch)
    shutil.move(new, finished_folder(folder))
    finish_replacement(folder, scratch)
    if not keep:
        discard(previous_folder(folder), scratch)


def finish_replacement(folder: Path, scratch: Path) -> None:
    """Completes a `replace_with` that a kill interrupted, if there is one.

    Args:
        folder: The folder to replace.
        scratch: A scratch folder in the same file system.
    """
    finished, previous = finished_folder(folder), previous_folder(folder)
    if not finished.is_dir():
        return
    lock = FileLock(scratch.parent / "renames.lock")
    with hold_lock(lock, f"{folder}"):
        if not finished.is_dir():  # another process was faster
            return
        if folder.exists():
            discard(previous, scratch)
            folder.rename(previous)
        finished.rename(folder)


def discard(path: Path, scratch: Path) -> None:
    """Removes a file or folder, if it exists, by one rename into a scratch folder."""
    if os.path.lexists(path):
        shutil.move(path, tempfile.mkdtemp(dir=scratch))
