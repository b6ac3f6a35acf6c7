"""Adding the trials of another person's study to one of the same definition."""

from collections.abc import Mapping
from pathlib import Path

from optuna.trial import FrozenTrial

from ...objectives.progress import progress
from ...storage.atomic_move import move_files
from ...storage.database import open_database
from ...storage.lock_wait import hold_lock
from ...storage.optuna_internals import set_system_attribute, trial_id
from ...storage.runs_folder import Runs
from ...storage.scratch_folder import scratch_folder
from ...storage.search_lock import SEARCH_LOCK_NAME, search_lock
from ...storage.study_record import Origin, read_study_record
from ...storage.study_summary import Study
from ...storage.trial_record import TrialRecord, write_trial_record
from ..study.definition import definition_differences
from ..study.study_error import StudyError
from ..study.study_lookup import complete_trial_record, open_study
from ..study.study_results import write_results
from .archive_layout import FINISHED_STATES, renumber_attributes, trial_identity
from .study_archive import StudyArchive
from .study_dump import check_compatible


def merge(package: StudyArchive, name: str, runs: Runs, url: str) -> tuple[Study, int, int]:
    """Adds the trials of a zip to a study that it does not have yet.

    Each is added at once, with its pictures: a merge that was stopped goes on when it is repeated.

    Returns:
        The study, how many trials came, and how many were there already.

    Raises:
        StudyError: If there is no such study, or its trials cannot be compared with these.
    """
    path, record = package.archive.path, package.record
    study = open_study(open_database(url), name)
    differing = definition_differences(
        read_study_record(record).definition, read_study_record(study).definition
    )
    if differing or study.directions != record.directions:
        raise StudyError(
            f"the study in {path} differs from {name!r}: {'; '.join(differing)}. "
            "Import it as a study of its own by `name=`"
        )
    with progress(f"checking {path}"):
        package.archive.check()
    theirs = [trial for trial in record.trials if trial.state in FINISHED_STATES]
    with scratch_folder(runs.cache) as folder, hold_lock(search_lock(url, runs), SEARCH_LOCK_NAME):
        ours = study.get_trials(deepcopy=False)
        known = {trial_identity(trial) for trial in ours}
        new = [trial for trial in theirs if trial_identity(trial) not in known]
        try:
            for trial in new:
                complete_trial_record(trial)  # what is written of the best one
            check_compatible([*ours, *new])
        except ValueError as error:
            raise StudyError(f"the trials in {path} do not fit {name!r}: {error}") from error
        ids = _add(package, new, study, runs, folder)
        notes = renumber_attributes(record.system_attrs, ids)
        for attr in notes.keys() - record.system_attrs.keys():  # those of the study are not ours
            set_system_attribute(study, attr, notes[attr])
        if study.best_trials:
            write_results(study, runs)
    return study, len(new), len(theirs) - len(new)


def _add(
    package: StudyArchive, trials: list[FrozenTrial], study: Study, runs: Runs, folder: Path
) -> Mapping[int, int]:
    """Adds trials with their pictures, and returns their ids here, by their numbers there."""
    ids = {}
    with progress(f"adding to {study.study_name}", len(trials)) as advance:
        for trial in trials:
            trial.system_attrs, places = package.attachments(trial.system_attrs, runs)
            origin = Origin(study=package.record.name, trial=trial.number)
            write_trial_record(trial, TrialRecord(origin=origin))
            for name in places:
                package.archive.extract(name, folder / str(trial.number) / name)
            files = {to: folder / str(trial.number) / name for name, to in places.items()}
            with move_files(files):
                study.add_trial(trial)
            ids[trial.number] = trial_id(study.get_trials(deepcopy=False)[-1])
            advance(1)
    return ids
