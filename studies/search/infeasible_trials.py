"""Infeasible trials: failed ones from which the sampler learns where not to search."""

import copy
from collections.abc import Sequence

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ...storage.trial_outcome import violation

CONSTRAINT = "infeasible"
"""Name of the one constraint that the shown trials have: above 0 if a trial is infeasible."""


def is_infeasible(trial: FrozenTrial) -> bool:
    """Returns True if a trial failed and its parameters are the cause."""
    return trial.state == TrialState.FAIL and bool(trial.params) and violation(trial) > 0


def show_infeasible_trials(
    trials: Sequence[FrozenTrial], directions: Sequence[StudyDirection]
) -> Sequence[FrozenTrial]:
    """Returns the trials of a study as a sampler can learn from all of them.

    Optuna's samplers ignore FAIL trials. So each infeasible trial is shown as a COMPLETE trial
    with the worst values of the study and a constraint that it breaks. TPE ranks it behind all
    other trials, whatever its values. The Gaussian process needs the values, and the constraint on
    every COMPLETE trial. Before the first complete trial, the infeasible ones are shown as PRUNED:
    the Gaussian process, which ignores PRUNED trials, cannot learn from equal values alone.
    """
    if not any(map(is_infeasible, trials)):
        return trials
    values = _worst_values(trials, directions)
    return [
        _show(trial, values)
        if trial.state == TrialState.COMPLETE or is_infeasible(trial)
        else trial
        for trial in trials
    ]


def _show(trial: FrozenTrial, worst_values: Sequence[float] | None) -> FrozenTrial:
    shown = copy.copy(trial)
    shown.system_attrs = {}  # of the original, which must not change
    shown.set_constraint(CONSTRAINT, violation(trial) or -1)
    if trial.state == TrialState.FAIL:
        shown.state = TrialState.COMPLETE if worst_values else TrialState.PRUNED
        shown.values = worst_values
    return shown


def _worst_values(
    trials: Sequence[FrozenTrial], directions: Sequence[StudyDirection]
) -> Sequence[float] | None:
    complete = [trial.values for trial in trials if trial.state == TrialState.COMPLETE]
    if not complete:
        return None
    columns = np.array(complete).T
    return [
        float(column.max() if way == StudyDirection.MINIMIZE else column.min())
        for column, way in zip(columns, directions, strict=True)
    ]
