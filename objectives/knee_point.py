"""The knee of a Pareto front: a compromise between several objectives."""

import numpy as np


def knee_point(costs: np.ndarray) -> int:
    """Returns the index of the point that is farthest below the line between the front's ends.

    Costs, with shape (N, K), are to be minimized.

    References:
        Finding Knees in Multi-objective Optimization (Branke, Deb, Dierolf, Osswald, 2004)
    """
    low, high = costs.min(0), costs.max(0)
    scaled = (costs - low) / np.where(high > low, high - low, 1)
    # The ends lie on the plane where scaled costs sum to 1, so the knee has the smallest sum.
    return int(scaled.sum(1).argmin())
