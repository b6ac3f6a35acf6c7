"""Scratch folders: temporary folders that another process removes if their owner is killed.

The owner is the process that created the scratch folder. It holds the lock of a lock file in the
folder. The system releases the lock when the owner dies, so a folder with a free lock is stale.
"""

import getpass
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from .lock_wait import hold_lock

SCRATCH_PREFIX = "scratch-"
OWNER_LOCK = "owner.lock"
MULTIPROCESSING_FOLDERS = "pymp-*"
"""Pattern of the folders that Python's `multiprocessing` creates in the temporary folder."""


@contextmanager
def scratch_folder(cache: Path) -> Iterator[Path]:
    """Yields a new empty scratch folder in `cache`, and removes it after the block.

    Stale scratch folders in `cache` and in the system's temporary folder are removed first.
    """
    cache.mkdir(parents=True, exist_ok=True)
    _remove_stale_in_temporary_folder()
    with _remove_stale_folders(cache):
        folder = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir=cache))
        owner = lock_folder(folder)
    try:
        yield folder
    finally:
        owner.release()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_scratch_folder() -> Iterator[Path]:
    """Yields a new scratch folder in the system's temporary folder. Removes it after the block.

    Commands that write nothing to the runs folder use such a folder.
    """
    folder = user_temporary_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _belongs_to_user(folder):  # another user could change files in it
        with tempfile.TemporaryDirectory() as scratch:
            yield Path(scratch)
        return
    with scratch_folder(folder) as scratch:
        yield scratch


def user_temporary_folder() -> Path:
    """Returns the path of this user's folder in the temporary folder. The folder may not exist."""
    user = os.getuid() if hasattr(os, "getuid") else getpass.getuser()
    return Path(tempfile.gettempdir()) / f"latentune-{user}"


def remove_stale_scratch(cache: Path) -> None:
    """Removes stale scratch folders in `cache` and in the system's temporary folder."""
    _remove_stale_in_temporary_folder()
    if cache.is_dir():
        with _remove_stale_folders(cache):
            pass


def _remove_stale_in_temporary_folder() -> None:
    with suppress(FileNotFoundError):  # the temporary folder does not exist
        folder = user_temporary_folder()
        if folder.is_dir() and _belongs_to_user(folder):
            with _remove_stale_folders(folder):
                pass
        for sockets in folder.parent.glob(MULTIPROCESSING_FOLDERS):
            if (sockets / OWNER_LOCK).exists() and _belongs_to_user(sockets):
                _remove_if_stale(sockets)


def is_only_scratch(folder: Path) -> bool:
    """Returns True if `folder` is the only scratch folder in its parent folder."""
    return [*folder.parent.glob(f"{SCRATCH_PREFIX}*")] == [folder]


def lock_folder(folder: Path) -> FileLock:
    """Makes this process the owner of `folder`, by a lock in it. Returns the acquired lock."""
    owner = FileLock(folder / OWNER_LOCK)
    owner.acquire(timeout=0)
    return owner


@contextmanager
def _remove_stale_folders(cache: Path) -> Iterator[None]:
    """Removes stale scratch folders in `cache`. Other processes wait until the block ends."""
    with hold_lock(FileLock(cache / "sweep.lock"), f"{cache}"):
        for folder in cache.glob(f"{SCRATCH_PREFIX}*"):
            _remove_if_stale(folder)
        yield


def has_owner(folder: Path) -> bool:
    """Returns whether a folder belongs to a process that is alive, or to another user."""
    try:
        lock_folder(folder).release()
    except (Timeout, OSError):
        return True
    return False


def _remove_if_stale(folder: Path) -> None:
    if not has_owner(folder):
        shutil.rmtree(folder, ignore_errors=True)


def _belongs_to_user(folder: Path) -> bool:
    status = folder.lstat()
    owner = os.getuid() if hasattr(os, "getuid") else status.st_uid
    return not folder.is_symlink() and status.st_uid == owner
