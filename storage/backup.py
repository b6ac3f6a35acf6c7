"""Backups of repairs by `doctor --fix`, as plain files.

`runs/backups/DATE/before` holds the database and each file that the repair replaced or removed.
`runs/backups/DATE/after` holds the repaired database and the files that the repair wrote. Both
folders keep the paths of the runs folder. A database elsewhere has the path `outside/NAME`.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .atomic_write import is_same_file, write_text
from .folder_replacement import discard
from .path_checks import recorded_path_error, relative_to_root
from .runs_folder import Runs
from .scratch_folder import scratch_folder, temporary_scratch_folder
from .sqlite_snapshot import copy_database, count_trials, fingerprint, restore_database
from .storage_error import StorageError, report_unwritable

BEFORE, AFTER = "before", "after"  # the two folders in a backup
BACKUP_NAME_FORMAT = "%Y-%m-%d-%H-%M-%S-%f"


@dataclass
class FileChanges:
    """The changes that a repair is going to make to files of the runs folder.

    Attributes:
        removed: Files and folders that the repair removes.
        written: The new text of each file that the repair replaces.
    """

    removed: list[Path] = field(default_factory=list)
    written: dict[Path, str] = field(default_factory=dict)


def make_backup(runs: Runs, database: Path, repaired: Path, changes: FileChanges) -> Path:
    """Makes a backup, makes the changes to files, and returns the folder of the backup.

    The database is backed up and not changed. The caller replaces it by the repaired copy.

    Args:
        runs: The runs folder.
        database: The database before the repair.
        repaired: The repaired copy of the database.
        changes: The changes to make to files.

    Raises:
        StorageError: If the backup cannot be written, or a link leads to a file outside of the
            runs folder. Then nothing is changed.
    """
    runs.resolve(runs.backups.name)
    written = {_path_in_runs(path, runs): text for path, text in changes.written.items()}
    removed = [path for path in {*changes.removed} if not {*path.parents} & {*changes.removed}]
    names = [_path_in_runs(path, runs) for path in sorted(removed) if os.path.lexists(path)]
    with report_unwritable(runs.backups):
        with scratch_folder(_backups_in_progress(runs)) as folder:
            new = folder / "backup"  # moved to its place when it is complete
            for source, tree in ((database, BEFORE), (repaired, AFTER)):
                target = new / tree / _database_name(database, runs)
                target.parent.mkdir(parents=True)
                copy_database(source, target)
            for name, text in written.items():
                write_text(new / AFTER / name, text)
                (new / BEFORE / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(runs.root / name, new / BEFORE / name, follow_symlinks=False)
            backup = runs.backups / datetime.now().strftime(BACKUP_NAME_FORMAT)
            _move(new, backup)
        for name in names:
            _move(runs.root / name, backup / BEFORE / name)
        for name, text in written.items():
            write_text(runs.root / name, text)
    return backup


def latest_backup(runs: Runs) -> Path:
    """Returns the folder of the latest backup in a runs folder.

    Raises:
        StorageError: If there is no backup.
    """
    backups = sorted(tree.parent for tree in runs.backups.glob(f"*/{BEFORE}"))
    if not backups:
        raise StorageError(f"there is no backup in {runs.backups}: nothing was fixed yet")
    return backups[-1]


def restore_backup(runs: Runs, backup: Path, database: Path) -> list[str]:
    """Restores all files of a backup, removes the backup, and returns the restored paths.

    After a kill, another call with the same arguments completes the restoration.

    Args:
        runs: The runs folder.
        backup: The folder of the backup.
        database: The database that was repaired. The runs folder may have moved since.

    Raises:
        StorageError: If the backup is of another database, or a file or the database has changed
            since the repair. Then nothing is restored.
    """
    name = _database_name(database, runs)
    inside = f"{runs.backups.name}/{backup.name}/{BEFORE}"
    before = runs.resolve(inside, follow=False)
    saved_database = runs.resolve(f"{inside}/{name}", follow=False)
    if saved_database.is_symlink() or not saved_database.is_file():
        raise StorageError(
            f"{saved_database} is not a file: the last repair in {runs.root} was of another "
            "database; name that one by `storage=`"
        )
    files = {
        path: runs.resolve(path.relative_to(before).as_posix(), follow=False)
        for path in _files_in(before)
        if path != saved_database
    }
    _check_unchanged(backup, files, database, saved_database)
    with report_unwritable(runs.root):
        for path, target in files.items():
            _move(path, target)
        restore_database(saved_database, database)
        with scratch_folder(_backups_in_progress(runs)) as folder:
            discard(backup, folder)
    if not any(runs.backups.iterdir()):
        runs.backups.rmdir()
    return [str(database), *map(str, files.values())]


def _check_unchanged(
    backup: Path, files: Mapping[Path, Path], database: Path, saved_database: Path
) -> None:
    """Raises StorageError if restoring the backup would lose changes since the repair."""
    before, after = backup / BEFORE, backup / AFTER
    hint = f"the state before the repair is in {before}"
    repaired = after / saved_database.relative_to(before)
    with temporary_scratch_folder() as folder:
        now = folder / database.name
        if copy_database(database, now) not in (
            fingerprint(saved_database),
            fingerprint(repaired),
        ):
            more = count_trials(now) - count_trials(repaired)
            trials = f", by {more} trial{'' if more == 1 else 's'}" if more else ""
            raise StorageError(f"{database} has changed since the repair{trials}; {hint}")
    for path, target in files.items():
        written = after / path.relative_to(before)
        if os.path.lexists(target) and not any(is_same_file(target, p) for p in (path, written)):
            raise StorageError(f"{target} was written after the repair; {hint}")


def _files_in(tree: Path) -> Iterator[Path]:
    """Yields the files and links in a folder and its subfolders, without following links."""
    for folder, folders, names in os.walk(tree):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in [*names, *links])


def _path_in_runs(path: Path, runs: Runs) -> str:
    """Returns a path relative to the runs folder; raises StorageError if it is outside."""
    name = path.relative_to(runs.root).as_posix()
    if error := recorded_path_error(name, runs.root, follow=False):
        raise StorageError(f"{path} {error}, so that it cannot be backed up: fix it by hand")
    return name


def _database_name(database: Path, runs: Runs) -> str:
    return relative_to_root(database, runs.root) or f"outside/{database.name}"


def _backups_in_progress(runs: Runs) -> Path:
    """Returns the folder that holds a backup until it is complete.

    This is not the folder of scratch folders, because a repair may back up scratch folders.
    """
    return runs.cache / "repairs"


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, target)
