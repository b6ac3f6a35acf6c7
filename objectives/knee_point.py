"""Compromises between several objectives."""

import numpy as np


def knee_point(costs: np.ndarray) -> int:
    """Returns which of some compromises is farthest below the line between the ends of the front.

    Args:
        costs: Values of each, with shape (N, K), such that less is better.

    References:
        Finding Knees in Multi-objective Optimization (Branke, Deb, Dierolf, Osswald, 2004)
    """
    low, high = costs.min(0), costs.max(0)
    scaled = (costs - low) / np.where(high > low, high - low, 1)
    # The ends lie on the plane where the scaled costs add up to 1; the knee is the farthest below.
    return int(scaled.sum(1).argmin())
