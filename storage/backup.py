"""Backups: what was there before a repair, file for file, so that it can be taken back.

A backup is a folder with the database, byte for byte; every file that was replaced or removed,
under its path in the runs folder; and a manifest, which is written before anything is changed.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from .runs import Runs, StorageError, check_file, unwritable, write_text
from .snapshot import alone_with, count_trials, fingerprint, log_of, snapshot

MANIFEST = "manifest.json"
DATABASE, FILES = "database", "files"  # the folders of a backup
UNDOING = "undoing"
"""The file in a backup that says that its database is on the way back."""
NAME = "%Y-%m-%d-%H-%M-%S"


@dataclass
class Changes:
    """What a repair is going to do to files of the runs folder.

    Attributes:
        removed: Files and folders that go to the backup.
        written: The new text of files; what was there goes to the backup.
    """

    removed: list[Path] = field(default_factory=list)
    written: dict[Path, str] = field(default_factory=dict)

    def moved(self) -> list[Path]:
        """Returns what goes to the backup, each once, and nothing of a folder that goes whole."""
        paths = [path for path in {*self.removed, *self.written} if os.path.lexists(path)]
        return sorted(path for path in paths if not {*path.parents} & {*self.removed})


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        database: Path of the database, which may lie elsewhere than in the runs folder.
        before: Its fingerprint before the repair.
        after: Its fingerprint after it.
        trials: How many trials it had after it.
        moved: What lies in the backup, by its path in the runs folder.
        written: The SHA-256 of each file that was written, by that path.
    """

    database: str
    before: str
    after: str
    trials: int
    moved: Sequence[str]
    written: Mapping[str, str]

    @classmethod
    def read(cls, backup: Path) -> Self:
        """Reads the manifest of a backup.

        Raises:
            StorageError: If it is missing, or not what was written.
        """
        path = check_file(backup / MANIFEST)
        try:
            found = cls(**json.loads(path.read_text()))
            whole = all(
                isinstance(value, kind)
                for value, kind in zip(
                    asdict(found).values(), (str, str, str, int, list, dict), strict=True
                )
            )
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise StorageError(f"{path} is no manifest of a backup: {error}") from error
        if not whole or any(not _inside(name) for name in [*found.moved, *found.written]):
            raise StorageError(f"{path} is no manifest of a backup")
        return found


def _inside(name: Any) -> bool:
    """Whether a manifest's path stays in the folder that it starts from."""
    return isinstance(name, str) and not Path(name).is_absolute() and ".." not in Path(name).parts


def make_backup(runs: Runs, database: Path, before: str, copy: Path, changes: Changes) -> Path:
    """Backs up a database and all files that are going to change, and then changes the files.

    Args:
        runs: The runs folder.
        database: The database, which the caller changes afterwards.
        before: Its fingerprint.
        copy: What it will be.
        changes: What to do to the files.

    Returns:
        The backup, a new folder.

    Raises:
        StorageError: If it cannot be written.
    """
    names = {path: path.relative_to(runs.root).as_posix() for path in changes.written}
    moved = [path.relative_to(runs.root).as_posix() for path in changes.moved()]
    try:
        backup = _new_folder(runs.backups)
        (backup / DATABASE).mkdir()
        for path in (database, *log_of(database)):
            if path.exists():
                shutil.copy2(path, backup / DATABASE / path.name)
        manifest = Manifest(
            os.path.abspath(database),
            before,
            fingerprint(copy),
            count_trials(copy),
            moved,
            {names[path]: _hash(text.encode()) for path, text in changes.written.items()},
        )
        write_text(backup / MANIFEST, json.dumps(asdict(manifest), indent=2))
        for name in moved:
            _move(runs.root / name, backup / FILES / name)
        for path, text in changes.written.items():
            write_text(path, text)
    except OSError as error:
        raise unwritable(runs.backups, error) from error
    return backup


def latest(runs: Runs) -> Path:
    """Returns the last backup.

    Raises:
        StorageError: If there is none.
    """
    backups = sorted(manifest.parent for manifest in runs.backups.glob(f"*/{MANIFEST}"))
    if not backups:
        raise StorageError(f"there is no backup in {runs.backups}: nothing was fixed yet")
    return backups[-1]


def undo(runs: Runs, backup: Path) -> list[str]:
    """Puts back what a backup holds, which is then gone.

    If its process is killed, another one goes on.

    Returns:
        What was put back.

    Raises:
        StorageError: If something has changed since, or another process has the database open;
            nothing is then put back.
    """
    manifest = Manifest.read(backup)
    database = Path(manifest.database)
    _check_unchanged(runs, backup, manifest, database)
    kept = backup / DATABASE / database.name
    try:
        with alone_with(database):
            for name in {**manifest.written, **dict.fromkeys(manifest.moved)}:
                old, now = backup / FILES / name, runs.root / name
                if os.path.lexists(old):
                    _move(old, now)
                elif name not in manifest.moved:
                    now.unlink(missing_ok=True)  # where there was none
                if name in manifest.written:  # the repair may have been killed while it wrote
                    now.with_name(f".{now.name}.partial").unlink(missing_ok=True)
            (backup / UNDOING).touch()
            partial = database.with_name(f".{database.name}.partial")
            shutil.copy2(kept, partial)  # it may lie in another file system than the backup
            for path in log_of(database):
                path.unlink(missing_ok=True)
            os.replace(partial, database)
            for path in log_of(database):  # after it, or they would be taken for the new one's
                if (log := kept.with_name(path.name)).exists():
                    shutil.copy2(log, path)
    except OSError as error:
        raise unwritable(runs.root, error) from error
    (backup / MANIFEST).unlink()  # all is back, even if the rest of it stays
    shutil.rmtree(backup)
    if not any(runs.backups.iterdir()):
        runs.backups.rmdir()
    return [str(database), *(str(runs.root / name) for name in manifest.moved)]


def _check_unchanged(runs: Runs, backup: Path, manifest: Manifest, database: Path) -> None:
    """Raises StorageError if putting back would lose what was made since."""
    way_out = f"what was there before lies in {backup}"
    known = (manifest.before, manifest.after)
    if not (backup / UNDOING).exists() and fingerprint(database) not in known:
        with tempfile.TemporaryDirectory() as place:
            copy = Path(place) / database.name
            snapshot(database, copy)
            more = count_trials(copy) - manifest.trials
        trials = f", by {more} trials" if more else ""
        raise StorageError(f"{database} has changed since it was fixed{trials}; {way_out}")
    for name in {*manifest.moved, *manifest.written}:
        now, wrote = runs.root / name, manifest.written.get(name)
        if not os.path.lexists(now):
            continue
        kept = os.path.lexists(backup / FILES / name)
        if wrote is None:
            changed = kept
        else:  # what was put back by an undo that was killed is no longer what was written
            ours = kept or name not in manifest.moved
            changed = ours and not (now.is_file() and _hash(now.read_bytes()) == wrote)
        if changed:
            raise StorageError(f"{now} was made since it was fixed; {way_out}")


def _new_folder(backups: Path) -> Path:
    name = datetime.now().strftime(NAME)
    for attempt in range(1, 100):
        folder = backups / (name if attempt == 1 else f"{name}-{attempt:02}")
        if not folder.exists():
            folder.mkdir(parents=True)
            return folder
    raise StorageError(f"{backups} has no name left for a backup of {name}")


def _move(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, to)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
