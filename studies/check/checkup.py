"""A checkup: a copy of the database, the runs folder, and the changes that fixes make to both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, RDBStorage

from ...storage.backup import FileChanges
from ...storage.database import database_exists, open_database
from ...storage.database_urls import SQLITE_SCHEME, file_path, is_file
from ...storage.runs_folder import Runs
from ...storage.scratch_folder import temporary_scratch_folder
from ...storage.sqlite_snapshot import copy_database
from ...storage.storage_error import StorageError
from ...storage.study_record import is_latentune_study
from ...storage.study_summary import Study
from ..study.study_lookup import open_study
from .database_tables import check_tables, unreadable_database
from .finding import Finding


@dataclass(frozen=True)
class Checkup:
    """The studies and files that the checks look at.

    Attributes:
        runs: The runs folder.
        source: Optuna URL of the database.
        url: Optuna URL of the copy of an SQLite file; that of the database otherwise.
        storage: The opened copy; None if it cannot be opened.
        study_name: The only study to look at; None for all studies and files.
        fingerprint: The fingerprint of the database when it was copied.
        findings: The findings in the tables of the database.
        changes: The changes that fixes make to files.
    """

    runs: Runs
    source: str
    url: str
    storage: BaseStorage | None
    study_name: str | None
    fingerprint: str = ""
    findings: tuple[Finding, ...] = ()
    changes: FileChanges = field(default_factory=FileChanges)

    @cached_property
    def all_studies(self) -> list[optuna.Study]:
        """All studies of the database, those of other programs included."""
        if self.storage is None:
            return []
        names = optuna.get_all_study_names(self.storage)
        return [Study(study_name=name, storage=self.storage) for name in names]

    @cached_property
    def studies(self) -> list[optuna.Study]:
        """The studies to look at: all that Latentune has created, or only `study_name`."""
        ours = [study for study in self.all_studies if is_latentune_study(study)]
        return [study for study in ours if self.study_name in (None, study.study_name)]

    @property
    def covers_runs_folder(self) -> bool:
        """Whether to look at files without a study: only if the database is that of the folder."""
        return (
            self.study_name is None
            and self.storage is not None
            and self.source == self.runs.database
        )

    def folders(self) -> list[Path]:
        """Returns the folders of the studies to look at."""
        folders = [self.runs.root / study.study_name for study in self.studies]
        return [folder for folder in folders if folder.is_dir()]


@contextmanager
def open_checkup(
    runs: Runs, source: str, study_name: str | None
) -> Iterator[tuple[Checkup, Path | None]]:
    """Yields a checkup of a private copy of a database, and the path of the copy.

    A database that is not an SQLite file is not copied: the path is None then.

    Raises:
        StorageError: If there is no such database, or it is not one of Optuna's.
        StudyError: If there is no such study, or it was not made by Latentune.
    """
    if not is_file(source) or not database_exists(source):
        storage = open_database(source)  # raises an error that says what is missing
        _check_study(storage, study_name)
        yield Checkup(runs, source, source, storage, study_name), None
        return
    database = file_path(source)
    with temporary_scratch_folder() as folder:
        copy = folder / database.name
        url = f"{SQLITE_SCHEME}{copy}"
        try:
            fingerprint = copy_database(database, copy)
        except StorageError as error:
            finding = unreadable_database(str(error), database, runs)
            yield Checkup(runs, source, url, None, study_name, findings=(finding,)), copy
            return
        findings, is_readable = check_tables(copy, database, runs)
        try:
            copied = open_database(url) if is_readable else None
        except StorageError as error:
            raise StorageError(str(error).replace(str(copy), str(database))) from error
        try:
            _check_study(copied, study_name)
            yield (
                Checkup(runs, source, url, copied, study_name, fingerprint, tuple(findings)),
                copy,
            )
        finally:
            close(copied)


def close(storage: BaseStorage | None) -> None:
    """Closes the connections to a database, so that its file is complete without a log."""
    if isinstance(storage, RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


def _check_study(storage: BaseStorage | None, name: str | None) -> None:
    if storage is not None and name is not None:
        open_study(storage, name)
