"""The chance that more trials of a study improve its best value."""

from collections.abc import Sequence

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from .recent_gain import by_completion

N_NEXT = 20
"""Number of further trials of which the chance is told."""
GAIN = 0.01
"""Share of the best value by which they improve it."""
MIN_TRIALS = 10
"""Number of finished trials below which nothing is said."""
PRIOR_START = 3
"""Number of first trials whose gains do not count, because any value is a gain over nothing."""
PRIOR_WEIGHT = 10.0
"""Exposure that the prior of the rate weighs as much as; that of trials 4 to 45 is 10."""
RATES = {"random": 0.18}
"""Prior rate by sampler, as in recorded studies."""
LEARNING_RATE = 0.43
"""Prior rate of the other samplers, which learn."""


def gain_chance(
    trials: Sequence[FrozenTrial], direction: StudyDirection, sampler: str
) -> float | None:
    """Returns the probability that 20 more trials improve the best value by 1 % or more.

    Gains of at least 1 % become rarer: they are a Poisson process whose rate falls with the root
    of the number of trials, a power-law process. The scale of the rate has a Gamma distribution,
    whose prior is from recorded studies, and which the gains of this study update.

    Returns None below 10 finished trials, and without a complete trial.

    Args:
        trials: All trials of the study.
        direction: Whether lower or higher values are better.
        sampler: Name of the sampler.

    References:
        Reliability Analysis for Complex, Repairable Systems (Crow, 1974)
    """
    finished = by_completion(trials)
    sign = -1 if direction == StudyDirection.MAXIMIZE else 1
    costs = [
        sign * trial.values[0] if trial.state == TrialState.COMPLETE else np.inf
        for trial in finished
    ]
    n = len(costs)
    if n < MIN_TRIALS or not np.isfinite(costs).any():
        return None
    rate = RATES.get(sampler, LEARNING_RATE)
    shape = rate * PRIOR_WEIGHT + _count_gains(costs)
    weight = PRIOR_WEIGHT + _exposure(PRIOR_START, n)
    return float(1 - (weight / (weight + _exposure(n, n + N_NEXT))) ** shape)


def _count_gains(costs: Sequence[float]) -> int:
    """Returns how often the lowest cost has fallen by `GAIN` since it last did so."""
    reference, gains = np.inf, 0
    for number, cost in enumerate(costs, start=1):
        if np.isinf(reference):
            reference = cost
        elif cost <= reference - GAIN * abs(reference):
            reference, gains = cost, gains + (number > PRIOR_START)
    return gains


def _exposure(start: float, end: float) -> float:
    """Returns the integral of 1 / sqrt(n) from `start` to `end`."""
    return float(2 * (np.sqrt(end) - np.sqrt(start)))
