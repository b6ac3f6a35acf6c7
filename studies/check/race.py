"""A race: configurations run on the same seeds, and what is clearly worse leaves early.

A few seeds say little of the spread of one configuration. But all of them run on the same ones,
so that costs are a configuration's mean, what a seed adds for all of them, and a rest: a two-way
layout. The spread of that rest is shared, and k configurations on n seeds give it (k-1)(n-1)
degrees of freedom.

References:
    A Racing Algorithm for Configuring Metaheuristics (Birattari, Stützle, Paquete, Varrentrapp,
    2002), whose test of ranks needs more seeds than most can afford
    Hoeffding Races (Maron, Moore, 1994)
    A Simple Sequentially Rejective Multiple Test Procedure (Holm, 1979)
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

SIGNIFICANCE_LEVEL = (
    0.05  # how often, in each round, one of those that leave may be as good as the leader
)


def race(
    train: Callable[[Sequence[int], int], Sequence[float]], finalists: int, seeds: int
) -> list[list[float]]:
    """Runs configurations seed by seed; from the second one on, those that are worse leave.

    Args:
        train: Gives the costs of configurations on a seed, all counted from 0: less is better,
            and infinity means that one failed.
        finalists: Number of configurations.
        seeds: Number of seeds.

    Returns:
        The costs of each configuration, in the order of the seeds that it has run on.
    """
    costs: list[list[float]] = [[] for _ in range(finalists)]
    left = list(range(finalists))
    for seed in range(seeds):
        for one, cost in zip(left, train(left, seed), strict=True):
            costs[one].append(cost)
        left = _remaining(costs, left) if left else left
    return costs


def winner(costs: Sequence[Sequence[float]]) -> int | None:
    """Returns the best mean of those that have run on all seeds; None if all have failed."""
    longest = max(map(len, costs))
    means = [float(np.mean(own)) if len(own) == longest else np.inf for own in costs]
    best = int(np.argmin(means))
    return best if np.isfinite(means[best]) else None


def probabilities_better(costs: Sequence[Sequence[float]], best: int) -> list[float]:
    """Returns how probable it is that each configuration is better than the best one.

    Args:
        costs: What `race` returned.
        best: Which of them the others are compared with, on the seeds that both have run on.
    """
    found = []
    for one, own in enumerate(costs):
        beside = [i for i, others in enumerate(costs) if len(others) >= len(own)]
        rows = np.array([costs[i][: len(own)] for i in beside])
        found.append(float(_p_values(rows, beside.index(best))[beside.index(one)]))
    return found


def _remaining(costs: Sequence[Sequence[float]], left: list[int]) -> list[int]:
    """Returns which of the configurations go on, by Holm's procedure over all but the leader."""
    rows = np.array([costs[one] for one in left])
    better = _p_values(rows, int(rows.mean(axis=1).argmin()))
    stay = set(left)
    for rank, i in enumerate(better.argsort()):
        if better[i] > SIGNIFICANCE_LEVEL / max(1, len(left) - 1 - rank):
            break
        stay.remove(left[i])
    return [one for one in left if one in stay]


def _p_values(costs: np.ndarray, leader: int) -> np.ndarray:
    """Returns the p-values of paired t-tests of each row, of shape (K, N), against one of them.

    Under a flat prior, such a value is the probability that the row is the better one. A failure
    is certain to be worse, and one seed says nothing.
    """
    whole = np.isfinite(costs).all(axis=1)
    better = np.where(whole, 0.5, 0.0)
    k, n = costs[whole].shape
    if k < 2 or n < 2 or not whole[leader]:
        return better
    means = costs[whole].mean(axis=1, keepdims=True)
    rest = costs[whole] - means - costs[whole].mean(axis=0) + means.mean()
    degrees_of_freedom = (k - 1) * (n - 1)
    behind = means[:, 0] - costs[leader].mean()
    error = np.sqrt(2 / n * (rest**2).sum() / degrees_of_freedom)
    with np.errstate(divide="ignore", invalid="ignore"):  # what draws nothing has no spread
        scaled = np.where(behind == 0, 0, behind / error)
    better[whole] = stats.t.sf(scaled, degrees_of_freedom)
    return better
