"""Adds the trials in an archive to an existing study with the same definition."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from optuna.trial import FrozenTrial

from ...objectives.progress import progress
from ...storage.atomic_write import move_files
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
from .study_archive import REUSABLE_STATES, StudyArchive, renumber_attributes, trial_identity
from .study_dump import check_compatible


def merge_trials(archive: StudyArchive, name: str, runs: Runs, url: str) -> tuple[Study, int, int]:
    """Adds the complete and pruned trials in an archive to the study `name`.

    Each trial is added together with its pictures, so the same call continues after an
    interruption.

    Returns:
        The study, the number of added trials, and the number of trials that were there already.

    Raises:
        StudyError: If the study does not exist, has another definition, or cannot hold the trials.
    """
    path, dump = archive.file.path, archive.dump
    study = open_study(open_database(url), name)
    differing = definition_differences(
        read_study_record(dump).definition, read_study_record(study).definition
    )
    if differing or study.directions != dump.directions:
        raise StudyError(
            f"the study in {path} differs from {name!r}: {'; '.join(differing)}. "
            "Import it as a new study by `name=`"
        )
    with progress(f"checking {path}"):
        archive.file.check()
    finished = [trial for trial in dump.trials if trial.state in REUSABLE_STATES]
    with (
        scratch_folder(runs.cache) as folder,
        hold_lock(search_lock(url, runs), SEARCH_LOCK_NAME),
    ):
        existing = study.get_trials(deepcopy=False)
        known = {trial_identity(trial) for trial in existing}
        new = [trial for trial in finished if trial_identity(trial) not in known]
        try:
            for trial in new:
                complete_trial_record(trial)  # which best.toml needs
            check_compatible([*existing, *new])
        except ValueError as error:
            raise StudyError(f"the trials in {path} do not fit {name!r}: {error}") from error
        ids = _add_trials(archive, new, study, runs, folder)
        attrs = renumber_attributes(dump.system_attrs, ids)
        for attr in attrs.keys() - dump.system_attrs.keys():  # the others are about the study
            set_system_attribute(study, attr, attrs[attr])
        if study.best_trials:
            from ..study.study_results import write_results  # it may plot

            write_results(study, runs)
    return study, len(new), len(finished) - len(new)


def _add_trials(
    archive: StudyArchive, trials: Sequence[FrozenTrial], study: Study, runs: Runs, folder: Path
) -> Mapping[int, int]:
    """Adds trials and their pictures to a study.

    Returns the id of each new trial, by the trial's number in the archive. Pictures are unpacked
    in `folder`.
    """
    ids = {}
    with progress(f"adding to {study.study_name}", len(trials)) as advance:
        for trial in trials:
            trial.system_attrs, artifacts = archive.place_artifacts(trial.system_attrs, runs)
            origin = Origin(study=archive.dump.name, trial=trial.number)
            write_trial_record(trial, TrialRecord(origin=origin))
            unpacked = {name: folder / str(trial.number) / name for name in artifacts}
            for name, path in unpacked.items():
                archive.file.extract(name, path)
            with move_files({artifacts[name]: path for name, path in unpacked.items()}):
                study.add_trial(trial)
            ids[trial.number] = trial_id(study.get_trials(deepcopy=False)[-1])
            advance(1)
    return ids
