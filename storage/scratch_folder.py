"""Scratch folders: temporary folders that other processes remove if their owner is killed.

Every scratch folder holds a lock file. The system releases the lock when the process of its owner
dies, so a folder with a free lock has no owner.
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
"""Python's own folders of sockets, in the temporary folder of the system."""


@contextmanager
def scratch_folder(cache: Path) -> Iterator[Path]:
    """Yields a new empty folder in `cache`, which is removed after the block.

    Scratch folders of dead processes are removed first, here and in the temporary folder.
    """
    cache.mkdir(parents=True, exist_ok=True)
    _remove_stale_temporary()
    with _stale_removed(cache):
        folder = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir=cache))
        owner = lock_folder(folder)
    try:
        yield folder
    finally:
        owner.release()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary_scratch_folder() -> Iterator[Path]:
    """Yields a new empty folder in the temporary folder, which is removed after the block.

    Commands that write nothing into the runs folder use it.
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
    """Returns the folder of this user in the temporary folder. It may not exist."""
    user = os.getuid() if hasattr(os, "getuid") else getpass.getuser()
    return Path(tempfile.gettempdir()) / f"latentune-{user}"


def remove_stale_scratch(cache: Path) -> None:
    """Removes the scratch folders of dead processes in `cache` and in the temporary folder."""
    _remove_stale_temporary()
    if cache.is_dir():
        with _stale_removed(cache):
            pass


def _remove_stale_temporary() -> None:
    with suppress(FileNotFoundError):  # the temporary folder does not exist
        folder = user_temporary_folder()
        if folder.is_dir() and _belongs_to_user(folder):
            with _stale_removed(folder):
                pass
        for sockets in folder.parent.glob(MULTIPROCESSING_FOLDERS):
            if (sockets / OWNER_LOCK).exists() and _belongs_to_user(sockets):
                _remove_if_stale(sockets)


def is_only_scratch(folder: Path) -> bool:
    """Returns True if no other process has a scratch folder in the same place."""
    return [*folder.parent.glob(f"{SCRATCH_PREFIX}*")] == [folder]


def lock_folder(folder: Path) -> FileLock:
    """Makes this process the owner of a folder until the returned lock is released."""
    owner = FileLock(folder / OWNER_LOCK)
    owner.acquire(timeout=0)
    return owner


@contextmanager
def _stale_removed(cache: Path) -> Iterator[None]:
    """Removes stale scratch folders; in the block, no other process removes any."""
    with hold_lock(FileLock(cache / "sweep.lock"), f"{cache}"):
        for folder in cache.glob(f"{SCRATCH_PREFIX}*"):
            _remove_if_stale(folder)
        yield


def has_owner(folder: Path) -> bool:
    """Returns whether the owner of a folder is alive, or is another user."""
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
