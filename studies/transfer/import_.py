"""Unpacking a study: everything is checked first, and all of it is put in place or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import optuna
from optuna.storages import BaseStorage

from ...objectives.progress import progress
from ...objectives.provenance import versions
from ...storage.atomic_move import check_targets, move_files
from ...storage.database import database_exists, open_database
from ...storage.lock_wait import hold_lock
from ...storage.optuna_internals import trial_id
from ...storage.runs_folder import Runs, check_study_name
from ...storage.scratch_folder import scratch_folder, sweep
from ...storage.search_lock import SEARCH_LOCK_NAME, search_lock
from ...storage.storage_error import StorageError
from ...storage.study_names import check_new_name
from ...storage.study_record import (
    ImportSource,
    StudyRecord,
    is_latentune_study,
    read_study_record,
    write_study_record,
)
from ...storage.study_summary import Study
from ..study.defaults import RUNS
from ..study.public_api import public_api
from ..study.study_error import StudyError
from .archive_layout import is_cache, renumber_attributes
from .archived_encoder import encoder_targets, with_encoder_at
from .merge_trials import merge
from .rename_study import check_configurations, rename
from .study_archive import StudyArchive, open_study_archive
from .study_dump import StudyDump


@dataclass(frozen=True)
class ImportedStudy:
    """What was unpacked.

    Attributes:
        study: The study, which is one of Optuna's.
        added: How many trials came.
        known: How many of the zip's finished trials were there already.
    """

    study: Study
    added: int
    known: int = 0

    def __str__(self) -> str:
        there = f"; {self.known} were there already" if self.known else ""
        record = read_study_record(self.study)
        model = record.recipe.model
        own = f"\nits module is not run until you trust it: latentune.allow({model!r})"
        return (
            f"{self.added} trials came to {self.study.study_name}{there}"
            f"{own if ':' in model and record.imported else ''}"
        )

    __repr__ = __str__


@public_api
def import_(
    path: str | Path,
    *,
    name: str | None = None,
    into: str | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> ImportedStudy:
    """Unpacks a study that `export` packed, or adds its trials to one that is here.

    Nothing in the zip is run, and nothing that is here is replaced. A module that the study is
    made of is not imported until somebody here names it, as by `allow`.

    Args:
        path: The zip.
        name: What the study is called here, if otherwise than in the zip.
        into: A study of the same definition, to which its complete and pruned trials are added
            that it does not have yet. Each says where it comes from, in its attribute `origin`.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.

    Returns:
        The study, and how many trials came.

    Raises:
        StorageError: If the zip is missing, damaged, or not to be trusted, or a file is in the
            place of another. Nothing has changed then.
        StudyError: If the study is here already, or that of `into` is not or differs.

    Example:
        >>> packed = latentune.export("conv-ae-digits", "study.zip")
        >>> latentune.import_("study.zip", name="theirs")
        3 trials came to theirs
    """
    place = Runs(Path(runs))
    url = storage or place.database
    if name is not None and into is not None:
        raise StudyError("`name=` is for a study of its own, `into=` for one that is here")
    sweep(place.cache)
    with open_study_archive(Path(path)) as package:
        if into is not None:
            return ImportedStudy(*merge(package, check_study_name(into), place, url))
        target = check_study_name(package.record.name if name is None else name)
        others: list[str] = []
        if database_exists(url):
            others = _check_name_is_free(open_database(url), target, package, place)
        check_new_name(target, others)
        with progress(f"checking {path}"):
            package.archive.check()
        return _unpack(package, target, place, url)


def _unpack(package: StudyArchive, target: str, runs: Runs, url: str) -> ImportedStudy:
    """Puts a study in place under a name that is free."""
    runs.make()
    with scratch_folder(runs.cache) as folder:
        encoder = encoder_targets(package, target, runs)
        record = rename(with_encoder_at(package.record, encoder, runs), target)
        system, study_places = package.attachments(record.system_attrs, runs)
        trials, places = [], {**study_places, **encoder}
        for trial in record.trials:
            trial.system_attrs, found = package.attachments(trial.system_attrs, runs)
            trials.append(trial)
            places |= found
        places |= {n: runs.root / target / to for n, to in package.folder_files().items()}
        with progress(f"unpacking {package.archive.path}", len(places)) as advance:
            for name in places:
                package.archive.extract(name, folder / name)
                advance(1)
        check_configurations(folder, package.record, record, runs)
        files = {to: folder / name for name, to in places.items()}
        _check_folder(runs.root / target, files)
        check_targets(files)
        with hold_lock(search_lock(url, runs), SEARCH_LOCK_NAME):
            database = open_database(url, create=True)
            _check_name_is_free(database, target, package, runs, sweep=True)
            with move_files(files):
                study = _write(replace(record, system_attrs=system), package, database, runs)
    return ImportedStudy(study, len(trials))


def _check_name_is_free(
    database: BaseStorage, name: str, package: StudyArchive, runs: Runs, *, sweep: bool = False
) -> list[str]:
    """Checks that no study has a name, but one whose import was killed, which may be removed.

    Returns:
        The names of all other studies.
    """
    others = []
    for study in optuna.get_all_study_summaries(database, include_best_trial=False):
        if study.study_name != name:
            others.append(study.study_name)
            continue
        is_marked = not study.user_attrs and _import_marker(runs, name).exists()
        is_import = is_marked or read_study_record(study).imported is not None
        if is_latentune_study(study) or not is_import:
            raise StudyError(
                f"study {name!r} is here already: import {package.archive.path} under another "
                f"`name=`, or add its trials by `into=` {name}"
            )
        if sweep:
            optuna.delete_study(study_name=name, storage=database)
    return others


def _check_folder(folder: Path, files: Mapping[Path, Path]) -> None:
    """Checks that a study's folder holds nothing but what comes, and what can be made again.

    Through a link, files would come to where it leads.
    """
    for path in (folder, *folder.rglob("*")):
        new = path in files or is_cache(path.name)
        if path.is_symlink() or (path.is_file() and not new):
            what = "a link" if path.is_symlink() else "a file"
            raise StorageError(
                f"{folder} is there already: {path} is {what}; choose another `name=`, or move it "
                "away"
            )


def _import_marker(runs: Runs, name: str) -> Path:
    """Returns the file that says that a study without attributes is about to be an import."""
    return runs.cache / f"{name}.importing"


def _write(record: StudyDump, package: StudyArchive, database: BaseStorage, runs: Runs) -> Study:
    """Writes a study into a database; what says that it is whole comes last."""
    _import_marker(runs, record.name).touch()
    number = database.create_new_study(record.directions, record.name)
    try:
        study = Study(study_name=record.name, storage=database)
        write_study_record(study, StudyRecord(imported=_import_source(package)))
        _import_marker(runs, record.name).unlink()
        with progress(f"writing {record.name}", len(record.trials)) as advance:
            for trial in record.trials:
                study.add_trial(trial)
                advance(1)
        ids = {trial.number: trial_id(trial) for trial in study.get_trials(deepcopy=False)}
        for name, value in renumber_attributes(record.system_attrs, ids).items():
            database.set_study_system_attr(number, name, value)
        attributes = dict(record.user_attrs)
        for name in ("imported", "artifacts"):  # they are about the place where it was packed
            attributes.pop(name, None)
        for name in sorted(attributes, key=lambda name: name == "definition"):
            study.set_user_attr(name, attributes[name])
    except BaseException:
        database.delete_study(number)
        raise
    return study


def _import_source(package: StudyArchive) -> ImportSource:
    return ImportSource(
        study=package.record.name,
        at=datetime.now().isoformat(timespec="seconds"),
        sha256=package.sha256(),
        by=versions()["latentune"],
    )
