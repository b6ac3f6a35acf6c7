"""The function `import_`: it checks an archive, and adds its study as a whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import optuna
from optuna.storages import BaseStorage

from ...objectives.progress import progress
from ...objectives.provenance import versions
from ...storage.atomic_write import check_targets, move_files
from ...storage.database import database_exists, open_database
from ...storage.lock_wait import hold_lock
from ...storage.optuna_internals import set_system_attribute
from ...storage.runs_folder import Runs, check_study_name
from ...storage.scratch_folder import remove_stale_scratch, scratch_folder
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
from ...storage.trial_insertion import add_trials
from ..display.result import Result
from ..study.defaults import RUNS
from ..study.public_api import public_api
from ..study.study_error import StudyError
from .merge_trials import merge_trials
from .relocation import encoder_targets, relocate, relocate_files
from .study_archive import (
    ENCODER_CHECKPOINT,
    StudyArchive,
    is_cache,
    open_study_archive,
    renumber_attributes,
)
from .study_dump import StudyDump

LOCAL_ATTRIBUTES = ("imported", "artifacts")
"""Study attributes that are not imported, because they belong to the exporting machine."""


@dataclass(frozen=True, repr=False)
class ImportedStudy(Result):
    """The result of `import_`.

    Attributes:
        study: The Optuna study.
        added: Number of trials that were added to the study.
        known: Number of complete and pruned trials in the archive that the study had already.
    """

    study: Study
    added: int
    known: int = 0

    def __rich__(self) -> str:
        line = f"{self.added} trials came to {self.study.study_name}"
        if self.known:
            line += f"; {self.known} were there already"
        record = read_study_record(self.study)
        if ":" in record.recipe.model and record.imported is not None:
            trust = f"latentune.allow({record.recipe.model!r})"
            line += f"\nits module is not run until you trust it: {trust}"
        return line


@public_api
def import_(
    path: str | Path,
    *,
    name: str | None = None,
    into: str | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> ImportedStudy:
    """Imports a study that `export` wrote, or adds its trials to an existing study.

    No code in the archive is run, and no existing file is replaced. If the study needs a user's
    module, the module is not imported until you name it, for example by `allow`.

    Args:
        path: Path of the zip file.
        name: A new name for the study; None keeps the name in the archive.
        into: Name of an existing study with the same definition. New complete and pruned trials
            are added to this study. Their attribute `origin` names the imported study.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.

    Raises:
        StorageError: If the zip file is missing, damaged or not safe, or another file exists at
            the path of an imported file. Then nothing is changed.
        StudyError: If a study with this name exists already, the study `into` does not exist, or
            the study `into` has another definition.

    Example:
        >>> exported = latentune.export("conv-ae-digits", "study.zip")
        >>> latentune.import_("study.zip", name="theirs")
        3 trials came to theirs
    """
    place = Runs(Path(runs))
    url = storage or place.database
    if name is not None and into is not None:
        raise StudyError("`name=` is for a new study, `into=` for an existing one")
    remove_stale_scratch(place.cache)
    with open_study_archive(Path(path)) as archive:
        if into is not None:
            return ImportedStudy(*merge_trials(archive, check_study_name(into), place, url))
        new_name = check_study_name(archive.dump.name if name is None else name)
        others: list[str] = []
        if database_exists(url):
            others = _check_name_is_free(open_database(url), new_name, archive, place)
        check_new_name(new_name, others)
        with progress(f"checking {path}"):
            archive.file.check()
        return _import_as_new_study(archive, new_name, place, url)


def _import_as_new_study(archive: StudyArchive, name: str, runs: Runs, url: str) -> ImportedStudy:
    """Imports the study in an archive as a new study called `name`."""
    runs.make()
    with scratch_folder(runs.cache) as folder:
        targets = encoder_targets(archive, name, runs)
        dump = relocate(archive.dump, name, targets.get(ENCODER_CHECKPOINT), runs)
        system_attrs, artifacts = archive.place_artifacts(dump.system_attrs, runs)
        targets |= artifacts
        for trial in dump.trials:
            trial.system_attrs, artifacts = archive.place_artifacts(trial.system_attrs, runs)
            targets |= artifacts
        for inside, path in archive.folder_files().items():
            targets[inside] = runs.root / name / path
        with progress(f"unpacking {archive.file.path}", len(targets)) as advance:
            for inside in targets:
                archive.file.extract(inside, folder / inside)
                advance(1)
        relocate_files(folder, archive.dump, dump, runs)
        files = {target: folder / inside for inside, target in targets.items()}
        _check_folder(runs.root / name, files)
        check_targets(files)
        with hold_lock(search_lock(url, runs), SEARCH_LOCK_NAME):
            database = open_database(url, create=True)
            _check_name_is_free(database, name, archive, runs, remove_incomplete=True)
            with move_files(files):
                dump = replace(dump, system_attrs=system_attrs)
                study = _write_study(dump, archive, database, runs)
    return ImportedStudy(study, len(dump.trials))


def _check_name_is_free(
    database: BaseStorage,
    name: str,
    archive: StudyArchive,
    runs: Runs,
    *,
    remove_incomplete: bool = False,
) -> list[str]:
    """Returns the names of all other studies, after checking that no study is called `name`.

    The name may belong to an incomplete study that a killed import has left. With
    `remove_incomplete`, that study is deleted.

    Raises:
        StudyError: If another study is called `name`.
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
                f"study {name!r} is here already: import {archive.file.path} under another "
                f"`name=`, or add its trials by `into=` {name}"
            )
        if remove_incomplete:
            optuna.delete_study(study_name=name, storage=database)
    return others


def _check_folder(folder: Path, files: Mapping[Path, Path]) -> None:
    """Raises StorageError if a study's folder already has links or unexpected files.

    Caches are expected, and so are the files that will be written: the keys of `files`.
    """
    for path in (folder, *folder.rglob("*")):
        is_expected = path in files or is_cache(path.name)
        if path.is_symlink() or (path.is_file() and not is_expected):
            kind = "a link" if path.is_symlink() else "a file"
            raise StorageError(
                f"{folder} is there already: {path} is {kind}; choose another `name=`, or move it "
                "away"
            )


def _import_marker(runs: Runs, name: str) -> Path:
    """Returns the path of the file that marks a study as an import before it has a record."""
    return runs.cache / f"{name}.importing"


def _write_study(
    dump: StudyDump, archive: StudyArchive, database: BaseStorage, runs: Runs
) -> Study:
    """Writes the study in `dump` to a database, and returns the new study.

    The definition is written last, because a study with a definition counts as complete.
    """
    marker = _import_marker(runs, dump.name)
    marker.touch()
    study_id = database.create_new_study(dump.directions, dump.name)
    try:
        study = Study(study_name=dump.name, storage=database)
        source = ImportSource(
            study=archive.dump.name,
            at=datetime.now().isoformat(timespec="seconds"),
            sha256=archive.sha256(),
            by=versions()["latentune"],
        )
        write_study_record(study, StudyRecord(imported=source))
        marker.unlink()
        with progress(f"writing {dump.name}"):
            ids = dict(enumerate(add_trials(study, dump.trials)))
        for name, value in renumber_attributes(dump.system_attrs, ids).items():
            set_system_attribute(study, name, value)
        attrs = {n: v for n, v in dump.user_attrs.items() if n not in LOCAL_ATTRIBUTES}
        for name in sorted(attrs, key=lambda name: name == "definition"):
            study.set_user_attr(name, attrs[name])
    except BaseException:
        database.delete_study(study_id)
        raise
    return study
