"""The function `verify`: it runs a trial again and compares the values with the recorded ones."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...objectives.provenance import git_commit, machine, versions
from ...objectives.threads import restore_threads
from ...objectives.time_limit import repeat_time_limit
from ...objectives.training_errors import TrialFailed
from ...search_spaces.suggestions import replay
from ...storage.runs_folder import Runs
from ...storage.study_record import read_study_record
from ...storage.trial_outcome import state_name
from ...storage.trial_record import Provenance, TrialRecord, read_trial_record, write_trial_record
from ..display.result import Result
from ..study.build import build_spec
from ..study.defaults import RUNS, SEED
from ..study.device_check import check_device
from ..study.public_api import public_api
from ..study.recipe import Recipe
from ..study.study_error import StudyError, check_at_least, check_seed
from ..study.study_lookup import best_configuration, get_trial, open_study, split_trial_number
from .detached_trial import DetachedTrial, with_progress_bar

Value = float | tuple[float, ...] | str
"""The result of a trial: one value, a value per objective, or the reason why the trial failed."""


@dataclass(frozen=True)
class TrialOutcome:
    """The values that a trial reported, by step, and the final value."""

    reports: Mapping[int, float]
    value: Value

    @classmethod
    def of_trial(cls, trial: FrozenTrial) -> Self:
        """Returns the outcome that is recorded on a trial."""
        if trial.state == TrialState.FAIL:
            return cls(trial.intermediate_values, read_trial_record(trial).stopped)
        values = tuple(trial.values)
        return cls(trial.intermediate_values, values[0] if len(values) == 1 else values)

    def first_difference(self, other: Self) -> int | None:
        """Returns the first step at which `other` has another value; None if all are equal."""
        steps = sorted({*self.reports, *other.reports})
        return next((n for n in steps if self.reports.get(n) != other.reports.get(n)), None)

    def value_at(self, step: int | None) -> Value:
        """Returns the value at a step; the final value if `step` is None or was not reached."""
        return self.value if step is None else self.reports.get(step, self.value)


@dataclass(frozen=True, repr=False)
class Verification(Result):
    """The result of `verify`: whether a trial that is run again gives the recorded values.

    Attributes:
        study: Name of the study.
        trial: Number of the trial.
        state: The recorded state, such as `pruned`.
        monitor: Name of the metric.
        step: `epoch` if the trial reports a value per epoch; `training` if the trial has several
            trainings and reports a value per training.
        reproduced: Whether all values of the new run equal the recorded values to the last bit.
        first_difference: The first epoch or training with another value, counted from 1; None if
            all are equal, or if the trial was not run again.
        recorded_value: The recorded value at `first_difference`. If `first_difference` is None,
            the recorded final value, or the reason why the trial failed.
        current_value: The corresponding value of the new run; None if there was no new run.
        changes: Facts about libraries, machine and data that have changed. The keys are their
            names, and the values are pairs of the recorded and the current state.
    """

    study: str
    trial: int
    state: str
    monitor: str
    step: str
    reproduced: bool
    first_difference: int | None
    recorded_value: Value
    current_value: Value | None
    changes: Mapping[str, tuple[object, object]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The result in one line."""
        trial = f"trial {self.trial}, {self.state}"
        if self.current_value is None:
            return f"{trial}: not run again, because the data have changed"
        values = (
            f"{self.monitor} {_format_all_digits(self.recorded_value)} recorded, "
            f"{_format_all_digits(self.current_value)} now"
        )
        if self.reproduced:
            return f"{trial}: reproduced, {values}"
        if self.first_difference is None:
            return f"{trial}: differs, {values}"
        return f"{trial}: differs from {self.step} {self.first_difference} on, {values}"

    @property
    def reasons(self) -> list[str]:
        """Possible reasons for a difference, one per line."""
        lines = [f"{name}: {then} then, {now} now" for name, (then, now) in self.changes.items()]
        if not (lines or self.reproduced):
            lines = [
                "no recorded fact has changed: does the model use a random generator of its own?"
            ]
        return lines

    def __rich__(self) -> str:
        return "\n".join([self.summary, *(f"  {line}" for line in self.reasons)])


def _format_all_digits(value: Value) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


@public_api
def verify(
    source: str,
    *,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> Verification:
    """Runs a trial again as it was recorded, and compares all values with the recorded values.

    The trial is run with the recorded parameters, seed, number of threads and number of epochs.
    On the same kind of CPU and with the same libraries, the values are equal to the last bit.
    Nothing is written to the database. If the data have changed, the trial is not run.

    Args:
        source: `STUDY` for the best trial of a study; `STUDY:17` for trial 17, which must be
            complete, pruned or diverged.
        data_dir: The folder with torchvision data, if it is not that of the search.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.

    Raises:
        StudyError: If there is no such study or trial, or the trial has no recorded result.
        SpaceError: If the trial's configuration is no longer in the search space.
        StorageError: If the database cannot be read.
        DataError: If the data are missing or broken.

    Example:
        >>> latentune.verify("conv-ae-digits:1").reproduced
        True
    """
    name, number = split_trial_number(source)
    place = Runs(Path(runs))
    study = open_study(storage or place.database, name)
    if number is None:
        number = best_configuration(study).trial
        assert number is not None  # each configuration of a study belongs to a trial
    trial = get_trial(study, number)
    _check_has_result(study, trial)
    title = f"running trial {number} of {name} again"
    return _TrialRunner(study, place, storage, data_dir)(trial, title)


def verify_some(
    name: str,
    trials: int,
    *,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> Iterator[Verification]:
    """Verifies randomly chosen complete and pruned trials of a study. Yields the results.

    Args:
        name: Name of the study.
        trials: Number of trials to choose.
        seed: Random seed of the choice.
        data_dir: The folder with torchvision data, if it is not that of the search.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.
    """
    check_at_least("trials", trials, 1)
    check_seed(seed)
    place = Runs(Path(runs))
    study = open_study(storage or place.database, name)
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    known = [t for t in study.get_trials(deepcopy=False, states=states) if t.values]
    if not known:
        raise StudyError(f"study {name!r} has no trial with a value yet")
    chosen = random.Random(seed).sample(known, min(trials, len(known)))  # noqa: S311 - no secret
    rerun = _TrialRunner(study, place, storage, data_dir)
    for trial in sorted(chosen, key=lambda trial: trial.number):
        yield rerun(trial)


def _check_has_result(study: optuna.Study, trial: FrozenTrial) -> None:
    """Raises StudyError if a trial cannot be verified: it has no value and has not diverged."""
    reason = read_trial_record(trial).stopped or "it has no result"
    metrics = read_study_record(study).metrics
    diverged = any(reason.startswith(f"{name} is ") for name in metrics)
    if not (trial.values or (trial.state == TrialState.FAIL and diverged)):
        raise StudyError(
            f"trial {trial.number} is {state_name(trial)} and cannot be verified: {reason}"
        )


class _TrialRunner:
    def __init__(
        self, study: optuna.Study, runs: Runs, storage: str | None, data_dir: str | Path | None
    ) -> None:
        self.study, self.record = study, read_study_record(study)
        recipe = Recipe.from_table(self.record.full_recipe, runs, storage).at(data_dir)
        check_device("auto", recipe.precision)
        self.objective = build_spec(recipe, runs).objective
        self.data = self.objective.data()

    def __call__(self, trial: FrozenTrial, title: str | None = None) -> Verification:
        provenance = read_trial_record(trial).provenance
        if provenance is None:
            raise StudyError(f"trial {trial.number} was not run by latentune: choose another")
        facts = (
            *(self.study.study_name, trial.number, state_name(trial)),
            *(self.record.monitor, "epoch" if self.objective.n_trainings == 1 else "training"),
        )
        before = TrialOutcome.of_trial(trial)
        data = provenance.data_fingerprint, getattr(self.data, "fingerprint", None)
        if data[0] != data[1]:
            return Verification(*facts, False, None, before.value, None, {"data": data})
        with restore_threads(provenance.threads):
            now, changes = self._run(trial, provenance.seed, title), _find_changes(provenance)
        step = before.first_difference(now)
        return Verification(
            *facts,
            reproduced=step is None and before.value == now.value,
            first_difference=step,
            recorded_value=before.value_at(step),
            current_value=now.value_at(step),
            changes=changes,
        )

    def _run(self, trial: FrozenTrial, seed: int, title: str | None) -> TrialOutcome:
        """Runs a trial again and returns the new outcome.

        The new run stops no later than one epoch after the last recorded epoch.
        """
        replay(self.objective.model, trial.params, self.data.spec)  # raises a readable SpaceError
        max_reports = len(trial.intermediate_values) + (trial.state != TrialState.PRUNED)
        detached = DetachedTrial(trial.params, seed - self.objective.seed, max_reports)
        costs = read_trial_record(trial).costs  # measured times cannot be repeated
        write_trial_record(detached, TrialRecord(costs=costs))
        objective = repeat_time_limit(self.objective, read_trial_record(trial))
        if title is not None:
            objective = with_progress_bar(objective, title)
        try:
            value = objective(cast(optuna.Trial, detached))
        except optuna.TrialPruned:
            value = detached.reports[max(detached.reports)]
        except TrialFailed as error:
            return TrialOutcome(detached.reports, str(error))
        return TrialOutcome(detached.reports, value)


def _find_changes(provenance: Provenance) -> dict[str, tuple[object, object]]:
    """Returns the facts about libraries, code and machine that have changed since a trial.

    The keys are names, and the values are pairs of the recorded and the current state.
    """
    before: dict[str, Any] = {**provenance.versions, **provenance.to_table()}
    now = {**versions(), "git_commit": git_commit(), **machine()}
    return {
        name.replace("_", " "): (before[name] or "none", value or "none")
        for name, value in now.items()
        if name in before and before[name] != value
    }
