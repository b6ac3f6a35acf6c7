"""The spread that seeds make: how much the value of one configuration differs between seeds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import fmean, variance

import optuna
from optuna.trial import FrozenTrial, TrialState

from ....storage.study_record import read_confirm_values, read_study_record
from ....storage.trial_record import read_trial_record

N_BEST_TRIALS = 5
"""Number of trials whose repeats are used. Seeds differ more in bad configurations."""


@dataclass(frozen=True)
class SeedSpread:
    """The standard deviation of a trial's value over seeds.

    Attributes:
        std: The standard deviation, at least 0.
        source: Where it is from: `confirm`, `repeats`, or `given` by the user.
    """

    std: float
    source: str


def measured_spread(study: optuna.Study, trials: Sequence[FrozenTrial]) -> SeedSpread | None:
    """Returns the spread of seeds in a study with one objective; None if it is not measured.

    It is the pooled standard deviation of the finalists of `confirm`. In a study with `repeats`
    and without finalists, it is that of the best trials, divided by the root of the number of
    repeats, because the value of a trial is their mean. Folds differ by more than seeds, so they
    do not count.

    `trials` are all trials of the study.
    """
    by_finalist = defaultdict(list)
    for (number, _), value in read_confirm_values(study).items():
        if value is not None and isfinite(value):
            by_finalist[number].append(value)
    finalists = [values for values in by_finalist.values() if len(values) > 1]
    if finalists:
        squares = sum((len(values) - 1) * variance(values) for values in finalists)
        return SeedSpread(sqrt(squares / sum(len(v) - 1 for v in finalists)), "confirm")
    if "repeats" not in read_study_record(study).definition:
        return None
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    complete.sort(key=lambda trial: trial.values[0], reverse=study.direction.name == "MAXIMIZE")
    records = [read_trial_record(trial) for trial in complete[:N_BEST_TRIALS]]
    variances = [r.spread[0] ** 2 / len(r.trainings) for r in records if r.spread and r.trainings]
    return SeedSpread(sqrt(fmean(variances)), "repeats") if variances else None
