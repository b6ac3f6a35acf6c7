"""The functions `ask` and `tell`, for trials that are trained by a program of the user."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from math import isfinite
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...objectives.provenance import current_provenance
from ...search_spaces.strategies import PRUNERS, SAMPLERS, StatelessSampler
from ...storage.database import open_database
from ...storage.heartbeats import heartbeat
from ...storage.lock_wait import hold_lock
from ...storage.optuna_internals import read_trial
from ...storage.runs_folder import Runs
from ...storage.search_lock import SEARCH_LOCK_NAME, search_lock
from ...storage.study_record import read_study_record
from ...storage.trial_outcome import state_name
from ...storage.trial_record import (
    TrialRecord,
    amend_trial_record,
    read_trial_record,
    write_trial_record,
)
from ..study.build import build_spec
from ..study.defaults import PRUNER, RUNS
from ..study.point_check import PointCheck
from ..study.public_api import public_api
from ..study.recipe import Recipe
from ..study.study_error import StudyError, check_at_least, check_choice
from ..study.study_lookup import get_trial, open_study
from ..study.study_results import write_results
from .new_trial import next_trial
from .rejections import describe_rejections, finds_no_point
from .trial_lease import finish_trial, requeue_dead_trials

TOLD = "trained elsewhere"

_heartbeats: dict[tuple[str, str, int], ExitStack] = {}
"""The heartbeats of the trials of `ask` in this process, by database, study and number."""


@public_api
def ask(
    study: str,
    *,
    sampler: str = "tpe",
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> optuna.Trial:
    """Returns a new trial of a study, with parameters that the sampler has chosen.

    Train it as you like, and give its value to `tell`. The trial waits for that as long as this
    process lives. `search` with `trials=0` creates a study without trials. If the study has
    limits, the trial is within them; its `ms` are measured here.

    Args:
        study: Name of the study.
        sampler: Algorithm that chooses the parameters: `tpe`, `gp` or `random`.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.
        storage: Optuna URL of the database; None for the database in `runs`.

    Raises:
        StudyError: If there is no such study or sampler, or 200 points in a row exceed a limit of
            the study.
        DataError: If the data of the study are missing or broken.
        StorageError: If the database cannot be used.

    Example:
        >>> trial = latentune.ask("conv-ae-digits")
        >>> sorted(trial.params)
        ['l1', 'l2', 'latent_dim', 'linear_path', 'lr']
        >>> latentune.tell("conv-ae-digits", trial, 0.5)
    """
    check_choice("sampler", sampler, SAMPLERS)
    place = Runs(Path(runs))
    url = storage or place.database
    found = open_study(open_database(url), study)
    recipe = Recipe.from_table(read_study_record(found).recipe.to_table(), place, url).at(data_dir)
    objective = build_spec(recipe, place).objective
    data = objective.data()
    found.sampler = StatelessSampler(SAMPLERS[sampler], recipe.seed)
    found.pruner = PRUNERS[PRUNER](objective.n_reports)

    points = PointCheck(objective, data, recipe.encoder is not None)
    beats = ExitStack()
    with hold_lock(search_lock(url, place), SEARCH_LOCK_NAME):
        trial = _next_trial_within_limits(found, points)
        beats.enter_context(heartbeat(trial))
    _heartbeats[url, study, trial.number] = beats
    return trial


def _next_trial_within_limits(study: optuna.Study, points: PointCheck) -> optuna.Trial:
    """Returns the next RUNNING trial of a study, after rejecting those that exceed a limit.

    Raises:
        StudyError: If 200 points in a row exceed a limit.
    """
    objective, started = points.objective, time.time()
    while True:
        trials = requeue_dead_trials(study)
        if finds_no_point(trials, started):
            raise StudyError(describe_rejections(trials, started))
        trial = next_trial(study, trials, points.suggest)
        if trial is None:
            continue
        provenance = current_provenance(objective.seed + trial.number, points.data)
        record = points.suggest(trial).model_copy(update={"provenance": provenance})
        write_trial_record(trial, record)
        if not (record.rejected or points.measured_excess(trial)):
            return trial
        finish_trial(study, read_trial(trial), TrialState.FAIL, None)


@public_api
def tell(
    study: str,
    trial: optuna.Trial | int,
    values: float | Sequence[float] | None,
    *,
    epoch: int = 1,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> None:
    """Ends a trial of `ask` with its value, and writes the best.toml of the study.

    Args:
        study: Name of the study.
        trial: The trial, or its number.
        values: The metric of the study, or one value for each of its metrics. None if the training
            failed or `pruning_callback` has stopped it.
        epoch: The epoch that the values are from, counted from 1.
        runs: The folder with all studies.
        storage: Optuna URL of the database; None for the database in `runs`.

    Raises:
        StudyError: If there is no such study or trial, the trial has ended, a value is not finite,
            or the number of values differs from the number of metrics.
        StorageError: If the database cannot be used.

    Example:
        >>> trial = latentune.ask("conv-ae-digits")
        >>> latentune.tell("conv-ae-digits", trial, 0.03, epoch=7)
    """
    place = Runs(Path(runs))
    url = storage or place.database
    found = open_study(open_database(url), study)
    number = trial if isinstance(trial, int) else trial.number
    if not isinstance(trial, int) and trial.study.study_name != study:
        raise StudyError(f"the trial is of the study {trial.study.study_name!r}, not {study!r}")
    metrics = read_study_record(found).metrics
    numbers = [values] if isinstance(values, int | float) else values
    if numbers is not None and len(numbers) != len(metrics):
        raise StudyError(
            f"study {study!r} has {len(metrics)} metrics ({', '.join(metrics)}): give as many "
            f"values, not {len(numbers)}"
        )
    if numbers is not None and not all(map(isfinite, numbers)):
        raise StudyError(
            f"{', '.join(map(str, numbers))} is not finite: tell None of a training that failed"
        )
    check_at_least("epoch", epoch, 1)
    with hold_lock(search_lock(url, place), SEARCH_LOCK_NAME):
        running = get_trial(found, number)
        if running.state != TrialState.RUNNING:
            ended = state_name(running)
            raise StudyError(f"trial {number} of {study!r} is {ended}: ask() for a new one")
        record = TrialRecord(stopped=TOLD, epochs=epoch, best_epoch=epoch)
        amend_trial_record(found, running, record)
        finish_trial(found, running, _end_state(running, numbers), numbers)
    if (beats := _heartbeats.pop((url, study, number), None)) is not None:
        beats.close()
    if found.best_trials:
        write_results(found, place)


def _end_state(trial: FrozenTrial, values: Sequence[float] | None) -> TrialState:
    if values is not None:
        return TrialState.COMPLETE
    pruned_at = read_trial_record(trial).pruned_at
    return TrialState.FAIL if pruned_at is None else TrialState.PRUNED
