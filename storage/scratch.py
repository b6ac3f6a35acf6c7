"""Scratch folders: what a process needs for a while, swept up by others if it is killed.

The system lets go of a lock when its process dies, however it dies. So a folder that holds the
lock file of its owner, whose lock can be had, is nobody's.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "scratch-"
OWNER = "owner.lock"
MULTIPROCESSING = "pymp-*"  # what Python calls its folders of sockets, in the temporary folder


@contextmanager
def scratch(cache: Path) -> Iterator[Path]:
    """Gives an empty folder that ends with the block.

    Args:
        cache: The folder in which it is made, and which is swept first.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "sweep.lock"):
        for left in cache.glob(f"{PREFIX}*"):
            _sweep(left)
        for left in Path(tempfile.gettempdir()).glob(MULTIPROCESSING):
            if (left / OWNER).exists():  # else it is that of another program
                _sweep(left)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=cache))
        owner = claim(folder)
    try:
        yield folder
    finally:
        owner.release()
        shutil.rmtree(folder, ignore_errors=True)


def is_only(folder: Path) -> bool:
    """Returns whether no other process that lives has such a folder beside this one."""
    return [*folder.parent.glob(f"{PREFIX}*")] == [folder]


def claim(folder: Path) -> FileLock:
    """Makes a folder this process's own, for as long as what is returned is kept."""
    owner = FileLock(folder / OWNER)
    owner.acquire(timeout=0)
    return owner


def _sweep(folder: Path) -> None:
    try:
        claim(folder).release()
    except (Timeout, OSError):
        return  # its owner lives, or is another user
    shutil.rmtree(folder, ignore_errors=True)
