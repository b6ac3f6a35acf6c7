"""Verifying: a trial runs again from its record, and must report the same numbers."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import optuna
import torch
from optuna.trial import FrozenTrial, TrialState

from ...objectives.provenance import git_commit, machine, versions
from ...objectives.training_errors import TrialFailed
from ...search_spaces.suggestions import replay
from ...storage.database import open_database
from ...storage.runs_folder import Runs
from ...storage.study_record import read_study_record
from ...storage.study_summary import STATE_NAMES
from ...storage.trial_record import Provenance, read_trial_record
from ..study.build import build_spec
from ..study.defaults import RUNS, SEED
from ..study.public_api import public_api
from ..study.recipe import Recipe
from ..study.study_error import StudyError, check_at_least, check_seed
from ..study.study_lookup import best_configuration, get_trial, open_study, split_trial_number
from .detached_trial import DetachedTrial, with_progress_bar
from .verification import DATA, TrialOutcome, Verification


@public_api
def verify(
    source: str,
    *,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> Verification:
    """Runs a trial again from its record, and compares all that it reports.

    It has the recorded values, seed and number of threads, and ends after as many epochs. On a
    CPU of the same kind and with the same libraries, the numbers are the same to the last bit.
    Nothing is written to the database. If the data are others, nothing is run.

    Args:
        source: `STUDY` for its best trial; `STUDY:17` for any that is complete, was pruned, or
            has diverged.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.

    Raises:
        StudyError: If there is no such study or trial, or the trial has recorded no result.
        SpaceError: If the search space has no such configuration any more.
        StorageError: If the database cannot be read.
        DataError: If the data is missing or broken.

    Example:
        >>> latentune.verify("conv-ae-digits:1").reproduced
        True
    """
    name, number = split_trial_number(source)
    place = Runs(Path(runs))
    study = open_study(open_database(storage or place.database), name)
    if number is None:
        number = best_configuration(study).trial
        assert number is not None  # it is that of a trial
    trial = get_trial(study, number)
    _check_recorded(study, trial)
    title = f"running trial {number} of {name} again"
    return _Rerun(study, place, storage, data_dir)(trial, title)


def verify_some(
    name: str,
    trials: int,
    *,
    seed: int = SEED,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> Iterator[Verification]:
    """Verifies trials that are drawn at random, one after another.

    Args:
        name: Name of the study.
        trials: How many of those that are complete or were pruned, at least 1; if there are
            fewer, all of them.
        seed: What they are drawn by.
        data_dir: As `verify` has it, and the others too.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.

    Raises:
        StudyError: If there is no such study or trial.
        Exception: What `verify` raises.
    """
    check_at_least("trials", trials, 1)
    check_seed(seed)
    place = Runs(Path(runs))
    study = open_study(open_database(storage or place.database), name)
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    known = [t for t in study.get_trials(deepcopy=False, states=states) if t.values]
    if not known:
        raise StudyError(f"study {name!r} has no trial with a value yet")
    drawn = random.Random(seed).sample(known, min(trials, len(known)))  # noqa: S311 - no secret
    again = _Rerun(study, place, storage, data_dir)
    for trial in sorted(drawn, key=lambda trial: trial.number):
        yield again(trial)


def _check_recorded(study: optuna.Study, trial: FrozenTrial) -> None:
    """Checks that a trial has a value, or has diverged: what else ends one is not its own."""
    names = read_study_record(study).metrics
    stopped = read_trial_record(trial).stopped or "it has no result"
    diverged = any(stopped.startswith(f"{name} is ") for name in names)
    if trial.values or (trial.state == TrialState.FAIL and diverged):
        return
    raise StudyError(
        f"trial {trial.number} is {STATE_NAMES[trial.state]} and cannot be verified: {stopped}"
    )


class _Rerun:
    """Runs trials of a study again."""

    def __init__(
        self, study: optuna.Study, runs: Runs, storage: str | None, data_dir: str | Path | None
    ) -> None:
        self.study = study
        recipe = Recipe.from_table(read_study_record(study).recipe.to_table(), runs, storage).at(
            data_dir
        )
        self.objective = build_spec(recipe, runs).objective
        self.data = self.objective.data()

    def __call__(self, trial: FrozenTrial, title: str | None = None) -> Verification:
        then = read_trial_record(trial).provenance
        if then is None:
            raise StudyError(f"trial {trial.number} was not run by latentune: choose another")
        study = self.study
        monitor = read_study_record(study).monitor
        step = "epoch" if self.objective.n_trainings == 1 else "training"
        facts = study.study_name, trial.number, STATE_NAMES[trial.state], monitor, step
        recorded = TrialOutcome.of(trial)
        fingerprint = getattr(self.data, "fingerprint", None)
        if then.data_fingerprint != fingerprint:
            others = {DATA: (then.data_fingerprint, fingerprint)}
            return Verification(*facts, False, None, recorded.end, None, others)
        with _threads(then.threads) as threads:
            now, changed = self._run(trial, then.seed, title), _changed_facts(then)
        epoch = recorded.first_difference(now)
        same = epoch is None and recorded.end == now.end
        unknown = f"it did not record its number of threads: it has run on {threads}"
        notes = () if then.threads is not None else (unknown,)
        return Verification(*facts, same, epoch, recorded.at(epoch), now.at(epoch), changed, notes)

    def _run(self, trial: FrozenTrial, seed: int, title: str | None) -> TrialOutcome:
        """Trains a trial until it ends by itself, or an epoch later than it has ended then."""
        replay(self.objective.model, trial.params, self.data.spec)  # complains in words
        max_reports = len(trial.intermediate_values) + (trial.state != TrialState.PRUNED)
        number = seed - self.objective.seed
        detached_trial = DetachedTrial(trial.params, number, max_reports)
        objective = self.objective if title is None else with_progress_bar(self.objective, title)
        try:
            end = objective(cast(optuna.Trial, detached_trial))
        except optuna.TrialPruned:
            end = detached_trial.reports[max(detached_trial.reports)]
        except TrialFailed as failed:
            return TrialOutcome(detached_trial.reports, str(failed))
        return TrialOutcome(detached_trial.reports, end)


def _changed_facts(then: Provenance) -> dict[str, tuple[object, object]]:
    """Returns what a trial has recorded of libraries, code and machine and is not so any more."""
    before: dict[str, Any] = {**then.versions, **then.to_table()}
    now = {**versions(), "git_commit": git_commit(), **machine()}
    return {
        what.replace("_", " "): (before[what] or "none", found or "none")
        for what, found in now.items()
        if what in before and before[what] != found
    }


@contextmanager
def _threads(number: int | None) -> Iterator[int]:
    """Computes on a number of threads until the block ends; None leaves them as they are."""
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
