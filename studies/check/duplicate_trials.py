"""Points that a study has tried more than once, or is going to."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from .checkup import Checkup
from .finding import Finding, some
from .suggested_commands import command

Point = frozenset[tuple[str, Any]]
TRIED = (TrialState.COMPLETE, TrialState.PRUNED)


def find_duplicate_trials(checkup: Checkup) -> Iterator[Finding]:
    """Finds points that were tried twice, and those that wait to be.

    Each trial has a seed of its own, so that a point that is tried again says how much chance
    there is in its value; but a search asks for no such thing.
    """
    for study in checkup.studies:
        trials = study.get_trials(deepcopy=False)
        tried: dict[Point, list[int]] = defaultdict(list)
        for trial in trials:
            if trial.state in TRIED:
                tried[_point(trial.params)].append(trial.number)
        again = [n for numbers in tried.values() for n in numbers[1:]]
        if again:
            yield Finding(
                "wasteful",
                f"{some(sorted(again))} of {study.study_name} repeated points that had been tried",
                "widen a range or search fewer trials; to know the spread: "
                + command(checkup, "confirm", study.study_name),
            )
        waiting = _waiting(trials, tried)
        if waiting:
            yield Finding(
                "wasteful",
                f"{some(list(waiting))} of {study.study_name} waiting to try a point once more",
                "`fix=` fails them, and says why",
                fix=partial(_fail, study, waiting),
            )


def _waiting(trials: list[FrozenTrial], tried: Mapping[Point, list[int]]) -> dict[int, int]:
    """Returns the waiting trials that repeat another, each with the number of that one."""
    first = {point: numbers[0] for point, numbers in tried.items()}
    names = {frozenset(name for name, _ in point) for point in first}
    found = {}
    for trial in trials:
        # One that has begun to train goes on; the others have at most been given values.
        if trial.state != TrialState.WAITING or "stopped" in trial.user_attrs:
            continue
        given = trial.params or trial.system_attrs.get("fixed_params", {})
        if names and frozenset(given) not in names:
            continue  # the sampler will choose the rest
        if not given:
            continue
        other = first.setdefault(_point(given), trial.number)
        if other != trial.number:
            found[trial.number] = other
    return found


def _fail(study: optuna.Study, waiting: Mapping[int, int]) -> None:
    storage = study._storage
    for number, other in waiting.items():
        trial = storage.get_trial_id_from_study_id_trial_number(study._study_id, number)
        storage.set_trial_user_attr(trial, "stopped", f"it repeats trial {other}")
        for state in (TrialState.RUNNING, TrialState.FAIL):  # what has ended has begun
            storage.set_trial_state_values(trial, state)


def _point(values: Mapping[str, Any]) -> Point:
    return frozenset(values.items())
