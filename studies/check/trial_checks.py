"""Finds trials that a dead process has left RUNNING, and trials that repeat an earlier one."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...storage.database_urls import is_file
from ...storage.heartbeats import stale_trials
from ...storage.optuna_internals import set_trial_state
from ...storage.trial_record import TrialRecord, amend_trial_record, read_trial_record
from ..study.failure_causes import describe_causes
from .checkup import Checkup
from .finding import Finding, list_trials

ParameterSet = frozenset[tuple[str, Any]]
"""The names and values of a trial's parameters, as a set that can be compared and hashed."""


def find_interrupted_trials(checkup: Checkup) -> Iterator[Finding]:
    """Yields findings about RUNNING trials of dead processes. The next search resumes them."""
    for study in checkup.studies:
        dead = stale_trials(study, study.get_trials(deepcopy=False))
        if dead:
            numbers = list_trials([trial.number for trial in dead])
            fixed = "`fix=` requeues them, and " if is_file(checkup.source) else ""
            yield Finding(
                "broken",
                f"{numbers} of {study.study_name} left running by a process that died",
                f"{fixed}the next search runs them",
                fix=partial(_requeue, study),
            )


def _requeue(study: optuna.Study) -> None:
    from ..search.trial_lease import requeue_dead_trials

    requeue_dead_trials(study)


def find_failure_causes(checkup: Checkup) -> Iterator[Finding]:
    """Yields advice for parameters that separate failed trials from the others of their study."""
    for study in checkup.studies:
        for line in describe_causes(study.get_trials(deepcopy=False)):
            yield Finding(
                "advice",
                f"of {study.study_name}, {line}",
                "search without such values: `ranges=` and `origin=`",
            )


def find_duplicate_trials(checkup: Checkup) -> Iterator[Finding]:
    """Yields findings about finished and waiting trials with the parameters of an earlier trial.

    Such a trial is wasteful, because a search does not need the same parameters twice.
    """
    for study in checkup.studies:
        trials = study.get_trials(deepcopy=False)
        tried: dict[ParameterSet, list[int]] = defaultdict(list)
        for trial in trials:
            if trial.state in (TrialState.COMPLETE, TrialState.PRUNED):
                tried[frozenset(trial.params.items())].append(trial.number)
        repeated = sorted(n for numbers in tried.values() for n in numbers[1:])
        if repeated:
            yield Finding(
                "wasteful",
                f"{list_trials(repeated)} of {study.study_name} repeated parameters that had been "
                "tried",
                "widen a range or search fewer trials; to know the spread: "
                + checkup.command("confirm", study.study_name),
            )
        waiting = _find_waiting_duplicates(trials, {p: numbers[0] for p, numbers in tried.items()})
        if waiting:
            yield Finding(
                "wasteful",
                f"{list_trials(list(waiting))} of {study.study_name} waiting to try parameters "
                "again",
                "`fix=` fails them, and says why",
                fix=partial(_fail_trials, study, waiting),
            )


def _find_waiting_duplicates(
    trials: list[FrozenTrial], tried: dict[ParameterSet, int]
) -> dict[int, int]:
    """Returns the waiting trials with the parameters of an earlier trial.

    The keys are the numbers of the waiting trials; the values, those of the earlier trials.
    `tried` has the number of the first finished trial for each set of parameters.
    """
    names = {frozenset(name for name, _ in params) for params in tried}
    found = {}
    for trial in trials:
        # A trial that was interrupted continues; the others have at most fixed parameters.
        if trial.state != TrialState.WAITING or read_trial_record(trial).stopped:
            continue
        params = trial.params or trial.system_attrs.get("fixed_params", {})
        if not params or (names and frozenset(params) not in names):
            continue  # the sampler will choose the rest
        first = tried.setdefault(frozenset(params.items()), trial.number)
        if first != trial.number:
            found[trial.number] = first
    return found


def _fail_trials(study: optuna.Study, duplicates: Mapping[int, int]) -> None:
    trials = study.get_trials(deepcopy=False)
    for number, first in duplicates.items():
        trial = trials[number]
        amend_trial_record(study, trial, TrialRecord(stopped=f"it repeats trial {first}"))
        for state in (TrialState.RUNNING, TrialState.FAIL):  # a waiting trial cannot fail
            set_trial_state(study, trial, state)
