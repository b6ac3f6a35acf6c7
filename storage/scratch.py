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

from .waiting import held

PREFIX = "scratch-"
OWNER = "owner.lock"
MULTIPROCESSING = "pymp-*"  # what Python calls its folders of sockets, in the temporary folder


@contextmanager
def scratch(cache: Path) -> Iterator[Path]:
    """Gives an empty folder that ends with the block.

    Args:
        cache: The folder in which it is made, and which is swept first; so is the temporary one.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # there is no temporary folder
        sweep_temporary()
    with _sweeping(cache):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=cache))
        owner = claim(folder)
    try:
        yield folder
    finally:
        owner.release()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporary() -> Iterator[Path]:
    """Gives an empty folder in the temporary folder that ends with the block.

    It is for commands that write nothing into the runs folder. Whatever is left by a process that
    was killed goes with the next scratch folder of any kind.
    """
    folder = temporary_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_ours(folder):  # somebody else has made it, and might change what is written there
        with tempfile.TemporaryDirectory() as place:
            yield Path(place)
        return
    with scratch(folder) as place:
        yield place


def temporary_folder() -> Path:
    """Returns this user's own folder in the temporary folder, which need not exist."""
    user = os.getuid() if hasattr(os, "getuid") else getpass.getuser()
    return Path(tempfile.gettempdir()) / f"latentune-{user}"


def sweep_temporary() -> None:
    """Removes what processes that were killed have left in the temporary folder."""
    folder = temporary_folder()
    if folder.is_dir() and _is_ours(folder):
        with _sweeping(folder):
            pass
    for left in folder.parent.glob(MULTIPROCESSING):
        if (left / OWNER).exists() and _is_ours(left):  # else it is that of another program
            _sweep(left)


def sweep(cache: Path) -> None:
    """Removes what processes that were killed have left, where a command may be refused."""
    with suppress(FileNotFoundError):  # there is no temporary folder
        sweep_temporary()
    if cache.is_dir():
        with _sweeping(cache):
            pass


def is_only(folder: Path) -> bool:
    """Returns whether no other process that lives has such a folder beside this one."""
    return [*folder.parent.glob(f"{PREFIX}*")] == [folder]


def claim(folder: Path) -> FileLock:
    """Makes a folder this process's own, for as long as what is returned is kept."""
    owner = FileLock(folder / OWNER)
    owner.acquire(timeout=0)
    return owner


@contextmanager
def _sweeping(cache: Path) -> Iterator[None]:
    """Removes scratch folders that are nobody's, and keeps others from doing so in the block."""
    with held(FileLock(cache / "sweep.lock"), f"{cache}"):
        for left in cache.glob(f"{PREFIX}*"):
            _sweep(left)
        yield


def _sweep(folder: Path) -> None:
    try:
        claim(folder).release()
    except (Timeout, OSError):
        return  # its owner lives, or is another user
    shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Whether a folder is no link, and belongs to this user."""
    found = folder.lstat()
    owner = os.getuid() if hasattr(os, "getuid") else found.st_uid
    return not folder.is_symlink() and found.st_uid == owner
