"""Finds studies, trials and configurations by the names that users type."""

import shlex
from pathlib import Path

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from ...search_spaces.space_errors import did_you_mean
from ...storage.best_toml import Best, read_best_toml
from ...storage.database import database_exists, open_for_reading
from ...storage.optuna_internals import count_trials, trial_by_number
from ...storage.runs_folder import Runs, check_study_name
from ...storage.study_record import is_latentune_study, missing_entry, read_study_record
from ...storage.study_summary import Study
from ...storage.trial_outcome import state_name
from ...storage.trial_record import TrialRecord, read_trial_record
from .defaults import RUNS
from .pareto_choice import KNEE, choose_preferred
from .study_error import StudyError, check_known


def open_study(storage: BaseStorage | str, name: str) -> Study:
    """Returns the study called `name`.

    Args:
        storage: The database, or an Optuna URL. With a URL, the study can only be read.
        name: Name of the study.

    Raises:
        StudyError: If the study does not exist, or was not made by Latentune.
    """
    storage = open_for_reading(storage) if isinstance(storage, str) else storage
    names = optuna.get_all_study_names(storage)
    if name not in names:
        hint = did_you_mean(name, names) if names else "there are none yet"
        raise StudyError(f"there is no study {name!r}; {hint}")
    study = Study(study_name=name, storage=storage)
    if not is_latentune_study(study):
        raise StudyError(f"study {name!r} was not made by latentune; choose another by `name=`")
    if missing := missing_entry(study):
        raise StudyError(f"study {name!r} has no valid {missing}: another program has changed it")
    return study


def find_study(storage: str, name: str) -> Study | None:
    """Returns the study called `name`, which can only be read; None if it does not exist."""
    if not database_exists(storage):
        return None
    database = open_for_reading(storage)
    if name not in optuna.get_all_study_names(database):
        return None
    return Study(study_name=name, storage=database)


def default_batch_size(storage: str, name: str) -> int | None:
    """Returns the batch size of a study that was created without one; None if it is not known.

    Its trials remain comparable if another version of Latentune chooses another size.
    """
    study = find_study(storage, name)
    if study is None:
        return None
    record = read_study_record(study)
    is_given = "batch_size" in record.recipe.to_table()
    return None if is_given else record.full_recipe.get("batch_size")


def best_configuration(
    study: optuna.Study, number: int | None = None, preference: str | None = None
) -> Best:
    """Returns the configuration of a study's best trial, or of trial `number`.

    If the study was confirmed, the best trial is the winner of `confirm`, and the value is the
    mean over the seeds of `confirm`.

    Args:
        study: The study.
        number: Number of the trial; None for the best trial.
        preference: If the study has several objectives: an objective, or `knee`, by which
            `choose_preferred` chooses the best trial.

    Raises:
        StudyError: If no trial is complete, trial `number` does not exist or has no value, or the
            study has several objectives and neither a number nor a preference is given.
    """
    is_front = len(study.directions) > 1
    if preference is not None and (number is not None or not is_front):
        raise StudyError("`prefer=` needs a study with several objectives, and no trial number")
    record = read_study_record(study)
    confirmed = record.confirmed if number is None else None
    if number is not None:
        trial = _trial_with_value(study, number)
    elif confirmed is not None:
        trial = get_trial(study, confirmed.trial)
    else:
        trial = choose_preferred(study, preference) if is_front else _best_trial(study)
    of_trial = complete_trial_record(trial)
    assert of_trial.best_epoch is not None
    assert of_trial.provenance is not None
    return Best(
        study=study.study_name,
        trial=trial.number,
        monitor=record.metric_names[0],
        value=trial.values[0] if confirmed is None else confirmed.mean,
        best_epoch=of_trial.best_epoch,
        recipe=record.full_recipe,
        params=trial.params,
        hparams=of_trial.hparams or {},
        provenance={
            "command": record.command,
            **of_trial.provenance.to_table(),
            "values": dict(zip(record.metrics, trial.values, strict=True)),
            "confirmed": None if confirmed is None else confirmed.to_table(),
        },
    )


def complete_trial_record(trial: FrozenTrial) -> TrialRecord:
    """Returns the record of a trial, after checking that it has all entries for a best.toml.

    Raises:
        StudyError: If an entry is missing, because another program ran the trial.
    """
    record = read_trial_record(trial)
    for entry in ("best_epoch", "hparams", "provenance"):
        if getattr(record, entry) is None:
            raise StudyError(
                f"trial {trial.number} was not run by latentune: it has no {entry}; choose another"
            )
    return record


def find_configuration(source: str, runs: Runs, storage: str | None = None) -> Best:
    """Returns the configuration that a user names.

    Args:
        source: Path of a best.toml; `STUDY` for the best trial; `STUDY:17` for trial 17.
        runs: The runs folder.
        storage: Optuna URL of the database, if it is not in the runs folder.

    Raises:
        StudyError: If the study or the trial does not exist.
        StorageError: If the file or the database cannot be read.
    """
    if source.endswith(".toml"):
        return read_best_toml(Path(source))
    name, number = split_trial_number(source)
    return best_configuration(open_study(storage or runs.database, name), number)


def split_trial_number(source: str) -> tuple[str, int | None]:
    """Returns the name of the study and the number of the trial in `STUDY` or `STUDY:17`.

    The number is None for `STUDY`.

    Raises:
        StudyError: If the number is not valid.
        StorageError: If the name is not allowed for a study.
    """
    name, colon, number = source.partition(":")
    if colon and not (number.isdecimal() and len(number) < 10):
        raise StudyError(f"{number!r} in {source!r} is not a trial number")
    return check_study_name(name), int(number) if colon else None


def check_study_exists(name: str, runs: Runs) -> None:
    """Raises StudyError if the runs folder has studies, and none is called `name`."""
    known = {path.parents[1].name for path in runs.root.glob("*/*/model.ckpt")}
    if database_exists(runs.database):
        known |= set(optuna.get_all_study_names(open_for_reading(runs.database)))
    if known:
        check_known(name, sorted(known), f"there is no study {name!r} in {runs.root}")


def training_command(source: str, runs: Runs) -> str:
    """Returns the command to train `source`, for messages to users.

    For a study of several objectives, returns the command to choose a trial first.
    """
    words = ["train", source]
    if database_exists(runs.database):
        storage = open_for_reading(runs.database)
        known = source in optuna.get_all_study_names(storage)
        if known and len(open_study(storage, source).directions) > 1:
            words = ["best", source, "--prefer", KNEE]
    place = [] if str(runs.root) == RUNS else ["--runs", str(runs.root)]
    return shlex.join(["latentune", *words, *place])


def get_trial(study: optuna.Study, number: int) -> FrozenTrial:
    """Returns trial `number` of a study.

    Raises:
        StudyError: If the trial does not exist.
    """
    trial = trial_by_number(study, number)
    if trial is None:
        last = count_trials(study) - 1
        raise StudyError(f"study {study.study_name!r} has no trial {number}: its last is {last}")
    return trial


def _best_trial(study: optuna.Study) -> FrozenTrial:
    try:
        return study.best_trial
    except ValueError as error:
        raise StudyError(f"study {study.study_name!r} has no complete trial yet") from error


def _trial_with_value(study: optuna.Study, number: int) -> FrozenTrial:
    trial = get_trial(study, number)
    if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED) or not trial.values:
        raise StudyError(f"trial {number} is {state_name(trial)}: it has no value")
    return trial
