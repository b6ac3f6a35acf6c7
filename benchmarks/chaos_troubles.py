"""Disturbances of a search other than kills: a lock, a full disk, deleted files."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

DISK = "384m"
CHUNKS = (2**20, 2**12, 2**6, 1)  # bytes, so that nothing more fits in the end


@dataclass
class Disk:
    """A small file system in memory with the files of a search.

    Attributes:
        root: The folder that it is mounted on.
        mounted: Whether it could be mounted; if not, it is a plain folder, which cannot be full.
        deleted: Names of the artifacts that were deleted.
    """

    root: Path
    mounted: bool = False
    deleted: set[str] = field(default_factory=set)

    @property
    def runs(self) -> Path:
        """The runs folder."""
        return self.root / "runs"

    @property
    def database(self) -> Path:
        """The database, which may not exist yet."""
        return self.runs / "studies.db"


@contextmanager
def small_disk(root: Path) -> Iterator[Disk]:
    """Mounts a small disk on a new folder; needs root, or `unshare -rm`."""
    root.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK}", "tmpfs"]
    mount = subprocess.run(["mount", *options, root], capture_output=True)
    try:
        yield Disk(root, mounted=mount.returncode == 0)
    finally:
        if mount.returncode == 0:
            subprocess.run(["umount", "--lazy", root], check=True)


@contextmanager
def lock_database(disk: Disk, draw: Random) -> Iterator[bool]:
    """Locks the database in the block, as another process would that writes for long."""
    if not disk.database.exists():
        yield False
        return
    address = f"{disk.database.as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:  # a search holds it
            yield False
            return
        yield True
        connection.execute("ROLLBACK")


@contextmanager
def fill_disk(disk: Disk, draw: Random) -> Iterator[bool]:
    """Fills the disk in the block."""
    if not disk.mounted:
        yield False
        return
    path = disk.root / "full"
    with path.open("wb", buffering=0) as file:
        for size in CHUNKS:
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
        try:
            yield True
        finally:
            path.unlink()


@contextmanager
def delete_artifacts(disk: Disk, draw: Random) -> Iterator[bool]:
    """Deletes artifacts."""
    found = sorted(disk.runs.glob("artifacts/*"))
    for path in draw.sample(found, len(found) and draw.randint(1, len(found))):
        path.unlink()
        disk.deleted.add(path.name)
    yield bool(found)


@contextmanager
def damage_last_epochs(disk: Disk, draw: Random) -> Iterator[bool]:
    """Cuts short or deletes the last epoch of each trial that has not ended."""
    hit = False
    for path in sorted(disk.runs.glob("cache/trials/*/*.ckpt")):
        with suppress(FileNotFoundError):  # its trial has ended meanwhile
            if draw.random() < 0.5:
                path.unlink()
            else:
                os.truncate(path, draw.randint(0, path.stat().st_size))
            hit = True
    yield hit


Trouble = Callable[[Disk, Random], AbstractContextManager[bool]]
TROUBLES: dict[str, tuple[int, Trouble]] = {
    "the database locked by another process": (3, lock_database),
    "the disk full": (2, fill_disk),
    "artifacts deleted": (2, delete_artifacts),
    "last epochs cut short or deleted": (3, damage_last_epochs),
}
