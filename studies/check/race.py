"""A race: configurations are trained on the same seeds, and clearly worse ones drop out early.

The statistical model is a two-way layout. The cost of a configuration on a seed is the sum of the
mean of the configuration, the effect of the seed, and a residual. A few seeds say little about the
variance of one configuration, so all residuals are assumed to have the same variance. With k
configurations and n seeds, the estimate of the variance has (k-1)(n-1) degrees of freedom.

References:
    A Racing Algorithm for Configuring Metaheuristics (Birattari, Stützle, Paquete, Varrentrapp,
    2002). Its rank test needs more seeds than most people can afford.
    Hoeffding Races (Maron, Moore, 1994)
    A Simple Sequentially Rejective Multiple Test Procedure (Holm, 1979)
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

SIGNIFICANCE_LEVEL = 0.05
"""Maximal probability, in each round, that a configuration as good as the leader drops out."""


def race(
    train: Callable[[Sequence[int], int], Sequence[float]], finalists: int, seeds: int
) -> list[list[float]]:
    """Trains configurations seed by seed, and returns their costs.

    From the second seed on, configurations that are clearly worse than the leader drop out.

    Args:
        train: Function of the indices of some configurations and the index of a seed. It returns
            the cost of each configuration. Lower is better; infinity is a failed training.
        finalists: Number of configurations.
        seeds: Number of seeds.

    Returns:
        A list for each configuration, with the cost on each seed. The list is shorter if the
        configuration dropped out.
    """
    costs: list[list[float]] = [[] for _ in range(finalists)]
    remaining = list(range(finalists))
    for seed in range(seeds):
        for index, cost in zip(remaining, train(remaining, seed), strict=True):
            costs[index].append(cost)
        if remaining:
            remaining = _find_survivors(costs, remaining)
    return costs


def winner(costs: Sequence[Sequence[float]]) -> int | None:
    """Returns the index of the configuration with the lowest mean cost over all seeds.

    Configurations that dropped out or failed are ignored. Returns None if all failed.
    """
    seeds = max(map(len, costs))
    means = [float(np.mean(row)) if len(row) == seeds else np.inf for row in costs]
    best = int(np.argmin(means))
    return best if np.isfinite(means[best]) else None


def probabilities_better(costs: Sequence[Sequence[float]], best: int) -> list[float]:
    """Returns the probability that each configuration is better than the one with index `best`.

    Two configurations are compared on the seeds that both were trained on.
    """
    found = []
    for index, row in enumerate(costs):
        compared = [i for i, other in enumerate(costs) if len(other) >= len(row)]
        rows = np.array([costs[i][: len(row)] for i in compared])
        p_values = _compute_p_values(rows, compared.index(best))
        found.append(float(p_values[compared.index(index)]))
    return found


def _find_survivors(costs: Sequence[Sequence[float]], remaining: list[int]) -> list[int]:
    """Returns the indices among `remaining` that are not clearly worse than the leader.

    Holm's procedure corrects for the number of comparisons with the leader.
    """
    rows = np.array([costs[index] for index in remaining])
    p_values = _compute_p_values(rows, int(rows.mean(axis=1).argmin()))
    survivors = set(remaining)
    for rank, i in enumerate(p_values.argsort()):
        if p_values[i] > SIGNIFICANCE_LEVEL / max(1, len(remaining) - 1 - rank):
            break
        survivors.remove(remaining[i])
    return [index for index in remaining if index in survivors]


def _compute_p_values(costs: np.ndarray, leader: int) -> np.ndarray:
    """Returns the p-values of paired t-tests, for each row of `costs` against the row `leader`.

    With a flat prior, a p-value is the probability that the row is better than the leader. The
    p-value is 0 for a row with a failed training, and 0.5 if there is only one seed.

    Args:
        costs: The cost of each configuration on each seed, with shape (K, N).
        leader: Index of the row with the lowest mean.
    """
    finite = np.isfinite(costs).all(axis=1)
    p_values = np.where(finite, 0.5, 0.0)
    k, n = costs[finite].shape
    if k < 2 or n < 2 or not finite[leader]:
        return p_values
    means = costs[finite].mean(axis=1, keepdims=True)
    residuals = costs[finite] - means - costs[finite].mean(axis=0) + means.mean()
    degrees_of_freedom = (k - 1) * (n - 1)
    differences = means[:, 0] - costs[leader].mean()
    error = np.sqrt(2 / n * (residuals**2).sum() / degrees_of_freedom)
    with np.errstate(divide="ignore", invalid="ignore"):  # a deterministic training has no error
        t = np.where(differences == 0, 0, differences / error)
    p_values[finite] = stats.t.sf(t, degrees_of_freedom)
    return p_values
