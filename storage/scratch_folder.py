"""Scratch folders: what a process needs for a while, swept up by others if it is killed.

The system lets go of a lock when its process dies, however it dies. So a folder that holds the
lock file of its owner, whose lock can be had, is nobody's.
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
MULTIPROCESSING_FOLDERS = (
    "pymp-*"  # what Python calls its folders of sockets, in the temporary folder
)


@contextmanager
def scratch_folder(cache: Path) -> Iterator[Path]:
    """Gives an empty folder that ends with the block.

    Args:
        cache: The folder in which it is made, and which is swept first; so is the temporary one.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # there is no temporary folder
        remove_stale_temporary()
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
    """Gives an empty folder in the temporary folder that ends with the block.

    It is for commands that write nothing into the runs folder. Whatever is left by a process that
    was killed goes with the next scratch folder of any kind.
    """
    folder = user_temporary_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _belongs_to_user(
        folder
    ):  # somebody else has made it, and might change what is written there
        with tempfile.TemporaryDirectory() as place:
            yield Path(place)
        return
    with scratch_folder(folder) as place:
        yield place


def user_temporary_folder() -> Path:
    """Returns this user's own folder in the temporary folder, which need not exist."""
    user = os.getuid() if hasattr(os, "getuid") else getpass.getuser()
    return Path(tempfile.gettempdir()) / f"latentune-{user}"


def remove_stale_temporary() -> None:
    """Removes what processes that were killed have left in the temporary folder."""
    folder = user_temporary_folder()
    if folder.is_dir() and _belongs_to_user(folder):
        with _stale_removed(folder):
            pass
    for left in folder.parent.glob(MULTIPROCESSING_FOLDERS):
        if (left / OWNER_LOCK).exists() and _belongs_to_user(
            left
        ):  # else it is that of another program
            _remove_if_stale(left)


def sweep(cache: Path) -> None:
    """Removes what processes that were killed have left, where a command may be refused."""
    with suppress(FileNotFoundError):  # there is no temporary folder
        remove_stale_temporary()
    if cache.is_dir():
        with _stale_removed(cache):
            pass


def is_only_scratch(folder: Path) -> bool:
    """Returns whether no other process that lives has such a folder beside this one."""
    return [*folder.parent.glob(f"{SCRATCH_PREFIX}*")] == [folder]


def lock_folder(folder: Path) -> FileLock:
    """Makes a folder this process's own, for as long as what is returned is kept."""
    owner = FileLock(folder / OWNER_LOCK)
    owner.acquire(timeout=0)
    return owner


@contextmanager
def _stale_removed(cache: Path) -> Iterator[None]:
    """Removes scratch folders that are nobody's, and keeps others from doing so in the block."""
    with hold_lock(FileLock(cache / "sweep.lock"), f"{cache}"):
        for left in cache.glob(f"{SCRATCH_PREFIX}*"):
            _remove_if_stale(left)
        yield


def _remove_if_stale(folder: Path) -> None:
    try:
        lock_folder(folder).release()
    except (Timeout, OSError):
        return  # its owner lives, or is another user
    shutil.rmtree(folder, ignore_errors=True)


def _belongs_to_user(folder: Path) -> bool:
    """Whether a folder is no link, and belongs to this user."""
    found = folder.lstat()
    owner = os.getuid() if hasattr(os, "getuid") else found.st_uid
    return not folder.is_symlink() and found.st_uid == owner
