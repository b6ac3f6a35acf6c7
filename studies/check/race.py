"""A race: configurations are trained on the same seeds, and the clearly worse ones drop out early.

A few seeds say little about the spread of one configuration. But all configurations are trained on
the same seeds, so each cost is the sum of the mean of its configuration, the effect of its seed
and a residual (a two-way layout). The residuals of k configurations on n seeds share one variance
with (k-1)(n-1) degrees of freedom.

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
"""How often, in each round, one of those that drop out may be as good as the leader."""


def race(
    train: Callable[[Sequence[int], int], Sequence[float]], finalists: int, seeds: int
) -> list[list[float]]:
    """Trains configurations seed by seed; from the second seed on, the worse ones drop out.

    Args:
        train: Returns the costs of the configurations with these indices on the seed with this
            index. A lower cost is better; infinity means that the training failed.
        finalists: Number of configurations.
        seeds: Number of seeds.

    Returns:
        The costs of each configuration on the seeds that it was trained on, in their order.
    """
    costs: list[list[float]] = [[] for _ in range(finalists)]
    remaining = list(range(finalists))
    for seed in range(seeds):
        for index, cost in zip(remaining, train(remaining, seed), strict=True):
            costs[index].append(cost)
        if remaining:
            remaining = _survivors(costs, remaining)
    return costs


def winner(costs: Sequence[Sequence[float]]) -> int | None:
    """Returns the configuration with the best mean over all seeds; None if all have failed."""
    seeds = max(map(len, costs))
    means = [float(np.mean(row)) if len(row) == seeds else np.inf for row in costs]
    best = int(np.argmin(means))
    return best if np.isfinite(means[best]) else None


def probabilities_better(costs: Sequence[Sequence[float]], best: int) -> list[float]:
    """Returns the probability of each configuration to be better than the one with index `best`.

    Two configurations are compared on the seeds that both were trained on.
    """
    found = []
    for index, row in enumerate(costs):
        compared = [i for i, other in enumerate(costs) if len(other) >= len(row)]
        rows = np.array([costs[i][: len(row)] for i in compared])
        p_values = _p_values(rows, compared.index(best))
        found.append(float(p_values[compared.index(index)]))
    return found


def _survivors(costs: Sequence[Sequence[float]], remaining: list[int]) -> list[int]:
    """Returns the configurations that stay, by Holm's procedure over all but the leader."""
    rows = np.array([costs[index] for index in remaining])
    p_values = _p_values(rows, int(rows.mean(axis=1).argmin()))
    survivors = set(remaining)
    for rank, i in enumerate(p_values.argsort()):
        if p_values[i] > SIGNIFICANCE_LEVEL / max(1, len(remaining) - 1 - rank):
            break
        survivors.remove(remaining[i])
    return [index for index in remaining if index in survivors]


def _p_values(costs: np.ndarray, leader: int) -> np.ndarray:
    """Returns the p-values of paired t-tests of each row of (K, N) costs against the leader's row.

    With a flat prior, a p-value is the probability that the row is better than the leader. It is 0
    for a row with a failed training, and 0.5 if there is only one seed.
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
