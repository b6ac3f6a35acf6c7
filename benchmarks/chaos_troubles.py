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
    """A small file system in memory, on which a search has its files.

    Attributes:
        root: The folder that it is mounted on.
        mounted: Whether that was allowed; else it cannot be full, and is a plain folder.
        deleted: Names of the artifacts that somebody has deleted.
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
        """The database, which need not be there yet."""
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
def locked(disk: Disk, draw: Random) -> Iterator[bool]:
    """Another process writes to the database, and takes its time."""
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
def full(disk: Disk, draw: Random) -> Iterator[bool]:
    """Nothing more can be written."""
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
def without_pictures(disk: Disk, draw: Random) -> Iterator[bool]:
    """Somebody has deleted artifacts."""
    found = sorted(disk.runs.glob("artifacts/*"))
    for path in draw.sample(found, len(found) and draw.randint(1, len(found))):
        path.unlink()
        disk.deleted.add(path.name)
    yield bool(found)


@contextmanager
def damage_epochs(disk: Disk, draw: Random) -> Iterator[bool]:
    """Of each trial that has not ended, the last epoch is cut short, or gone."""
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
    "the database locked by another process": (3, locked),
    "the disk full": (2, full),
    "artifacts deleted": (2, without_pictures),
    "last epochs cut short or deleted": (3, damage_epochs),
}
