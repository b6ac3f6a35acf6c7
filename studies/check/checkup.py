"""The class `Checkup`: the studies and files that `doctor` examines, and the planned changes."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, RDBStorage

from ...models.networks.architectures import ARCHITECTURES
from ...storage.backup import FileChanges
from ...storage.database import database_exists, open_database
from ...storage.database_urls import SQLITE_SCHEME, file_path, is_file
from ...storage.redact import redact
from ...storage.runs_folder import Runs
from ...storage.scratch_folder import temporary_scratch_folder
from ...storage.sqlite_snapshot import copy_database
from ...storage.storage_error import StorageError
from ...storage.study_record import is_latentune_study, read_study_record
from ...storage.study_summary import Study
from ..study.defaults import RUNS
from ..study.option_fields import options_of
from ..study.study_lookup import open_study
from ..study.study_options import StudyOptions
from .database_tables import check_tables, unreadable_database
from .finding import Finding


@dataclass(frozen=True)
class Checkup:
    """The studies and files that `doctor` examines, and the changes that fixes make.

    Attributes:
        runs: The runs folder.
        source: Optuna URL of the database.
        copy: The copy of the database; None if the database is not an SQLite file.
        storage: The open copy, or the open database if there is no copy; None if it cannot be
            opened.
        study_name: Name of the only study to look at; None for all studies and files.
        fingerprint: The fingerprint of the database when it was copied.
        findings: The problems that were found in the tables of the database.
        changes: The changes that fixes make to files of the runs folder.
    """

    runs: Runs
    source: str
    copy: Path | None
    storage: BaseStorage | None
    study_name: str | None
    fingerprint: str = ""
    findings: tuple[Finding, ...] = ()
    changes: FileChanges = field(default_factory=FileChanges)

    def __post_init__(self) -> None:
        if self.storage is not None and self.study_name is not None:
            open_study(self.storage, self.study_name)  # raises an error if there is none

    @property
    def url(self) -> str:
        """Optuna URL of the copy, or of the database if there is no copy."""
        return self.source if self.copy is None else f"{SQLITE_SCHEME}{self.copy}"

    @cached_property
    def all_studies(self) -> list[optuna.Study]:
        """All studies in the database, including studies of other programs."""
        if self.storage is None:
            return []
        names = optuna.get_all_study_names(self.storage)
        return [Study(study_name=name, storage=self.storage) for name in names]

    @cached_property
    def studies(self) -> list[optuna.Study]:
        """The studies to look at: the study `study_name`, or all studies of Latentune."""
        ours = [study for study in self.all_studies if is_latentune_study(study)]
        return [study for study in ours if self.study_name in (None, study.study_name)]

    @property
    def covers_runs_folder(self) -> bool:
        """Whether to look at files of the runs folder that belong to no study.

        This is True if all studies are examined and their database is in the runs folder.
        """
        return (
            self.study_name is None
            and self.storage is not None
            and self.source == self.runs.database
        )

    def command(self, *words: str) -> str:
        """Returns the command `latentune WORDS`, with options for the runs folder and database."""
        place = [] if str(self.runs.root) == RUNS else ["--runs", str(self.runs.root)]
        place += [] if self.source == self.runs.database else ["--storage", self.source]
        return shlex.join(["latentune", *words, *map(redact, place)])

    def search_command(self, study: optuna.Study, ranges: Mapping[str, str], *more: str) -> str:
        """Returns a `latentune search` command with the options of a study and other `ranges`.

        `more` are further words at the end of the command.
        """
        recipe, options = read_study_record(study).recipe.to_table(), options_of(StudyOptions)
        words = ["search", *(recipe[name] for name in ("model", "data") if name in recipe)]
        if recipe.get("encoder", "") not in ("", *ARCHITECTURES):
            recipe["encoder"] = str(self.runs.root / recipe["encoder"])
        ranges = {**recipe.pop("ranges", {}), **ranges}
        for name, option in options.items():
            if recipe.get(name, option.default) != option.default:
                words += option.words(recipe[name])
        return self.command(*words, *options["ranges"].words(ranges), *more)

    def folders(self) -> list[Path]:
        """Returns the existing folders of the studies to look at."""
        folders = [self.runs.root / study.study_name for study in self.studies]
        return [folder for folder in folders if folder.is_dir()]


@contextmanager
def open_checkup(runs: Runs, source: str, study_name: str | None) -> Iterator[Checkup]:
    """Yields a checkup of a database. An SQLite file is copied, and the checkup uses the copy.

    Args:
        runs: The runs folder.
        source: Optuna URL of the database.
        study_name: Name of the only study to look at; None for all studies and files.

    Raises:
        StorageError: If the database does not exist, or does not have Optuna's tables.
        StudyError: If the study does not exist, or was not made by Latentune.
    """
    if not is_file(source) or not database_exists(source):
        # `open_database` raises an error that says what is missing.
        yield Checkup(runs, source, None, open_database(source), study_name)
        return
    database = file_path(source)
    with temporary_scratch_folder() as folder:
        copy = folder / database.name
        try:
            fingerprint = copy_database(database, copy)
        except StorageError as error:
            finding = unreadable_database(str(error), database, runs)
            yield Checkup(runs, source, copy, None, study_name, findings=(finding,))
            return
        findings, is_readable = check_tables(copy, database, runs)
        try:
            storage = open_database(f"{SQLITE_SCHEME}{copy}") if is_readable else None
        except StorageError as error:
            raise StorageError(str(error).replace(str(copy), str(database))) from error
        try:
            yield Checkup(runs, source, copy, storage, study_name, fingerprint, tuple(findings))
        finally:
            close(storage)


def close(storage: BaseStorage | None) -> None:
    """Closes all connections to a database. SQLite then writes its log into the database file."""
    if isinstance(storage, RDBStorage):
        storage.remove_session()
        storage.engine.dispose()
