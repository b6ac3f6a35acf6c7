"""Backups: what was there before a repair, file for file, so that it can be taken back.

A backup is a folder with the database, byte for byte; every file that was replaced or removed,
under its path in the runs folder; and a manifest, which is written before anything is changed.
"""

import filecmp
import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from .backup_manifest import MANIFEST, Manifest
from .folder_replacement import discard
from .recorded_paths import recorded_path_error, relative_to_root
from .runs_folder import Runs, StorageError, atomic_file, partial_path, write_error, write_text
from .scratch_folder import scratch_folder, temporary_scratch_folder
from .sqlite_snapshot import count_trials, exclusive_access, fingerprint, log_files, snapshot

DATABASE, FILES = "database", "files"  # the folders of a backup
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
        StorageError: If it cannot be written, or a file lies behind a link that leads out of the
            runs folder; nothing is then changed.
    """
    try:
        with scratch_folder(_repairs(runs)) as place:  # from which it is moved when it is whole
            names = {path: _recorded(path, runs) for path in changes.written}
            moved = [_recorded(path, runs) for path in changes.moved()]
            runs.resolve(runs.backups.name)
            new = place / "backup"
            (new / DATABASE).mkdir(parents=True)
            for path in (database, *log_files(database)):
                if path.exists():
                    shutil.copy2(path, new / DATABASE / path.name)
            manifest = Manifest(
                relative_to_root(database, runs.root),
                before,
                fingerprint(copy),
                count_trials(copy),
                moved,
                {names[path]: _hash(text.encode()) for path, text in changes.written.items()},
            )
            write_text(new / MANIFEST, json.dumps(asdict(manifest), indent=2))
            # What is written anew stays in its place until then: a kill must not lose it.
            copied = {n for n in moved if runs.root / n in changes.written}
            copied = {n for n in copied if not (runs.root / n).is_dir()}
            for name in copied:
                (new / FILES / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(runs.root / name, new / FILES / name, follow_symlinks=False)
            backup = _free_name(runs.backups)
            shutil.move(new, backup)
        for name in moved:
            if name not in copied:
                _move(runs.root / name, backup / FILES / name)
        for path, text in changes.written.items():
            write_text(path, text)
    except OSError as error:
        raise write_error(runs.backups, error) from error
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


def undo(runs: Runs, backup: Path, database: Path) -> list[str]:
    """Puts back what a backup holds, which is then gone.

    If its process is killed, another one goes on.

    Args:
        runs: The runs folder, whose files are put back.
        backup: The backup.
        database: The database that is put back: it must be the one that was repaired, or the copy
            of it in a copied or moved runs folder.

    Returns:
        What was put back.

    Raises:
        StorageError: If the backup is of another database, something has changed since, or another
            process has the database open; nothing is then put back.
    """
    manifest = Manifest.read(backup, runs)
    _check_database(runs, backup, manifest, database)
    kept = _kept(runs, backup, DATABASE, database.name)
    _check_unchanged(runs, backup, manifest, database, kept)
    try:
        with exclusive_access(database):
            for name in {**manifest.written, **dict.fromkeys(manifest.moved)}:
                # What was moved before may have put a link in the way of this.
                old, now = _kept(runs, backup, FILES, name), runs.resolve(name, follow=False)
                if os.path.lexists(old):
                    _move(old, now)
                elif name not in manifest.moved:
                    now.unlink(missing_ok=True)  # where there was none
                if name in manifest.written:  # the repair may have been killed while it wrote
                    partial_path(now).unlink(missing_ok=True)
            with atomic_file(database) as partial:
                shutil.copy2(kept, partial)  # it may lie in another file system than the backup
                for path in log_files(database):
                    path.unlink(missing_ok=True)
            for path in log_files(database):  # after it, or they would be taken for the new one's
                if (log := kept.with_name(path.name)).exists():
                    shutil.copy2(log, path)
    except OSError as error:
        raise write_error(runs.root, error) from error
    with scratch_folder(_repairs(runs)) as place:
        discard(backup, place)
    if not any(runs.backups.iterdir()):
        runs.backups.rmdir()
    return [str(database), *(str(runs.root / name) for name in manifest.moved)]


def _recorded(path: Path, runs: Runs) -> str:
    """Returns the path of a file as a manifest records it; one that leads elsewhere is refused."""
    recorded = path.relative_to(runs.root).as_posix()
    if why := recorded_path_error(recorded, runs.root, follow=False):
        raise StorageError(f"{path} {why}, so that it cannot be backed up: mend it by hand")
    return recorded


def _kept(runs: Runs, backup: Path, *parts: str) -> Path:
    """Returns where a backup keeps something, through no link that leads elsewhere."""
    kept = backup.joinpath(*parts)
    return runs.resolve(kept.relative_to(runs.root).as_posix(), follow=False)


def _check_database(runs: Runs, backup: Path, manifest: Manifest, database: Path) -> None:
    """Raises StorageError if a backup is not of this database."""
    if manifest.database != relative_to_root(database, runs.root):
        if manifest.database is None:
            where = "a database outside of it"
        else:
            where = str(runs.root / manifest.database)
        raise StorageError(
            f"the last repair in {runs.root} was of {where}, not of {database}: name it by "
            "`storage=`"
        )
    for path in (database, *log_files(database)):
        kept = _kept(runs, backup, DATABASE, path.name)
        if kept.is_symlink() or (not kept.is_file() and (path == database or kept.exists())):
            raise StorageError(
                f"{backup} is incomplete: {kept} is not a file that can be put back"
            )


def _check_unchanged(
    runs: Runs, backup: Path, manifest: Manifest, database: Path, kept: Path
) -> None:
    """Raises StorageError if putting back would lose what was made since."""
    way_out = f"what was there before lies in {backup}"
    known = (manifest.before, manifest.after)
    if not _is_put_back(database, kept) and fingerprint(database) not in known:
        with temporary_scratch_folder() as place:
            copy = place / database.name
            snapshot(database, copy)
            more = count_trials(copy) - manifest.trials
        trials = f", by {more} trials" if more else ""
        raise StorageError(f"{database} has changed since it was fixed{trials}; {way_out}")
    for name in {*manifest.moved, *manifest.written}:
        now, wrote = runs.resolve(name, follow=False), manifest.written.get(name)
        if not os.path.lexists(now):
            continue
        kept_file = _kept(runs, backup, FILES, name)
        old = os.path.lexists(kept_file)
        if wrote is None:
            changed = old
        else:  # what was put back by an undo that was killed is no longer what was written
            ours = old or name not in manifest.moved
            plain = now.is_file() and not now.is_symlink()
            same = plain and kept_file.is_file() and filecmp.cmp(now, kept_file, shallow=False)
            changed = ours and not same and not (plain and _hash(now.read_bytes()) == wrote)
        if changed:
            raise StorageError(f"{now} was made since it was fixed; {way_out}")


def _is_put_back(database: Path, kept: Path) -> bool:
    """Whether an undo that was killed has put the database back, and perhaps half of its log."""
    if not database.is_file() or not filecmp.cmp(database, kept, shallow=False):
        return False
    for path in log_files(database)[::2]:  # of these, -shm is an index that whoever reads changes
        log = kept.with_name(path.name)
        before = log.read_bytes() if log.exists() else b""
        if path.exists() and not before.startswith(path.read_bytes()):
            return False
    return True


def _repairs(runs: Runs) -> Path:
    """Returns where backups grow: apart from other scratch folders, which a repair may back up."""
    return runs.cache / "repairs"


def _free_name(backups: Path) -> Path:
    backups.mkdir(parents=True, exist_ok=True)
    name = datetime.now().strftime(NAME)
    for attempt in range(1, 100):
        folder = backups / (name if attempt == 1 else f"{name}-{attempt:02}")
        if not folder.exists():
            return folder
    raise StorageError(f"{backups} has no name left for a backup of {name}")


def _move(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, to)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
