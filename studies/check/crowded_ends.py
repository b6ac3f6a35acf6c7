"""Finds the ranges that were too narrow: the best trials crowd at one of their ends."""

import math
from collections.abc import Sequence
from typing import Literal

from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

NumericDistribution = FloatDistribution | IntDistribution
RangeEnd = Literal["lower", "upper"]

N_BEST_TRIALS = 10
"""Number of best trials to look at. With more than 100 trials, a tenth of them is used instead."""
END_SHARE = 0.05
"""The share of a range that counts as its end. In logarithmic ranges, a share of the logarithm."""
MIN_SHARE_AT_END = 0.6
"""The minimal share of the best trials at one end of a range. With less, no end is crowded. The
minimum is larger for a range of few integers, because its ends get more trials by chance."""


def best_trials(ranked: Sequence[FrozenTrial]) -> Sequence[FrozenTrial]:
    """Returns the best ten trials, or the best tenth of more than 100; none of fewer than ten.

    `ranked` are the trials that `rank_trials` returned.
    """
    enough = len(ranked) >= N_BEST_TRIALS
    return ranked[: max(N_BEST_TRIALS, len(ranked) // 10)] if enough else []


def find_crowded_ends(
    best: Sequence[FrozenTrial],
) -> dict[str, tuple[NumericDistribution, RangeEnd, int]]:
    """Returns the parameters that have many of their best values at one end of the range.

    Args:
        best: The trials that `best_trials` returned.

    Returns:
        For each parameter: the distribution, the end, and the number of values at the end.
    """
    crowded = {}
    distributions = {n: d for trial in best for n, d in trial.distributions.items()}
    for name, distribution in distributions.items():
        if not isinstance(distribution, NumericDistribution) or distribution.single():
            continue
        values = [trial.params[name] for trial in best if name in trial.params]
        places = [_relative_position(distribution, value) for value in values]
        ends: dict[RangeEnd, int] = {
            "lower": sum(place <= END_SHARE for place in places),
            "upper": sum(place >= 1 - END_SHARE for place in places),
        }
        end = max(ends, key=lambda end: ends[end])
        share = MIN_SHARE_AT_END
        if isinstance(distribution, IntDistribution):
            numbers = 1 + (distribution.high - distribution.low) // distribution.step
            share = max(share, min(1, 3 / numbers))
        if ends[end] >= share * len(best):
            crowded[name] = distribution, end, ends[end]
    return crowded


def _relative_position(distribution: NumericDistribution, value: float) -> float:
    """Returns the position of a value in a range, from 0 at the lower end to 1 at the upper end.

    In a logarithmic range, the position is that of the logarithm.
    """
    numbers = distribution.low, distribution.high, value
    low, high, at = map(math.log, numbers) if distribution.log else numbers
    return (at - low) / (high - low)
