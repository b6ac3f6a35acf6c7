"""What is examined: a copy of the database, the runs folder, and what shall change in both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, RDBStorage

from ...storage.backup import Changes
from ...storage.database import database_exists, open_database
from ...storage.database_urls import SQLITE_SCHEME, file_path, is_file
from ...storage.runs_folder import Runs, StorageError
from ...storage.scratch_folder import temporary_scratch_folder
from ...storage.sqlite_snapshot import snapshot
from ...storage.study_summary import Study
from ..study.study_lookup import open_study
from .database_tables import check_tables, unreadable_database
from .finding import Finding


@dataclass(frozen=True)
class Checkup:
    """Studies and files to look at.

    Attributes:
        runs: The runs folder.
        source: Optuna URL of the database that the user means.
        url: That of what is looked at: a copy of it, if it is an SQLite file.
        storage: The copy, opened; None if it cannot be.
        only: The study to look at; None for all of them, and what belongs to none.
        fingerprint: That of the database when it was copied.
        findings: What was found in the tables themselves.
        changes: What fixes want to do to files.
    """

    runs: Runs
    source: str
    url: str
    storage: BaseStorage | None
    only: str | None
    fingerprint: str = ""
    findings: tuple[Finding, ...] = ()
    changes: Changes = field(default_factory=Changes)

    @cached_property
    def all_studies(self) -> list[optuna.Study]:
        """All studies of the database, also those that Latentune has not made."""
        if self.storage is None:
            return []
        names = optuna.get_all_study_names(self.storage)
        return [Study(study_name=name, storage=self.storage) for name in names]

    @cached_property
    def studies(self) -> list[optuna.Study]:
        """Those to look at: of Latentune, and the one that was named if one was."""
        ours = [study for study in self.all_studies if "definition" in study.user_attrs]
        return [study for study in ours if self.only in (None, study.study_name)]

    @property
    def whole(self) -> bool:
        """Whether to look for what belongs to no study: the database must be the folder's own."""
        return self.only is None and self.storage is not None and self.source == self.runs.database

    def folders(self) -> Iterator[Path]:
        """Yields the folder of each study that is looked at, if it has one."""
        for study in self.studies:
            folder = self.runs.root / study.study_name
            if folder.is_dir():
                yield folder


@contextmanager
def open_checkup(
    runs: Runs, source: str, only: str | None
) -> Iterator[tuple[Checkup, Path | None]]:
    """Opens a copy of a database, which nobody else sees.

    Args:
        runs: The runs folder.
        source: Optuna URL of the database.
        only: The study to look at; None for all of them.

    Yields:
        The case, and where the copy lies; None for a database that is no SQLite file, which is
        then looked at itself.

    Raises:
        StorageError: If there is no such database, or it is not one of Optuna's.
        StudyError: If there is no such study, or it was not made by Latentune.
    """
    if not is_file(source) or not database_exists(source):
        checkup = Checkup(
            runs, source, source, open_database(source), only
        )  # says what is missing
        _check_study(checkup)
        yield checkup, None
        return
    database = file_path(source)
    with temporary_scratch_folder() as place:
        copy = place / database.name
        url = f"{SQLITE_SCHEME}{copy}"
        try:
            state = snapshot(database, copy)
        except StorageError as error:
            unreadable = unreadable_database(str(error), database, runs)
            yield Checkup(runs, source, url, None, only, findings=(unreadable,)), copy
            return
        findings, usable = check_tables(copy, database, runs)
        try:
            storage = open_database(url) if usable else None
        except StorageError as error:
            raise StorageError(str(error).replace(str(copy), str(database))) from error
        try:
            checkup = Checkup(runs, source, url, storage, only, state, tuple(findings))
            _check_study(checkup)
            yield checkup, copy
        finally:
            if isinstance(storage, RDBStorage):
                close(storage)


def close(storage: RDBStorage) -> None:
    """Lets go of a database, so that its file is whole without a log."""
    storage.remove_session()
    storage.engine.dispose()


def _check_study(checkup: Checkup) -> None:
    if checkup.storage is not None and checkup.only is not None:
        open_study(checkup.storage, checkup.only)
