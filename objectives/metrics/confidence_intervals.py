"""What few items leave open: intervals that hold a share or an AUROC with 95 %."""

from math import floor
from typing import NamedTuple

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2


class Interval(NamedTuple):
    """A share from `low` to `high`, with 95 %."""

    low: float
    high: float


def binomial_interval(count: int, n: int) -> Interval:
    """Returns the interval of the share that count of n items were drawn from, 0 < n.

    References:
        The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial (Clopper,
        Pearson, 1934)
    """
    from scipy.stats import binomtest

    found = binomtest(count, n).proportion_ci(CONFIDENCE, method="exact")
    return Interval(float(found.low), float(found.high))


def exceedance_interval(n: int, quantile: float) -> Interval:
    """Returns the interval of the share of new items that are beyond a quantile of n others.

    The share below the k-th smallest of n has a beta distribution, whatever that of the items is;
    the quantile lies between two of them.

    Args:
        n: Number of items that the quantile was taken of, at least 1.
        quantile: From 0 to 1, as `numpy.quantile` takes it.

    References:
        Determination of Sample Sizes for Setting Tolerance Limits (Wilks, 1941)
    """
    from scipy.stats import beta

    place = quantile * (n - 1)
    below = floor(place + 1e-9) + 1  # from 1; a product of whole numbers may fall short of one
    above = below + (place > below - 1 + 1e-9)
    low = float(beta.ppf(TAIL, below, n + 1 - below))
    high = float(beta.ppf(1 - TAIL, above, n + 1 - above))
    return Interval(1 - high, 1 - low)


def auroc_interval(auroc: float, inliers: int, outliers: int) -> Interval:
    """Returns the interval of an AUROC.

    Its ends are the values whose own standard error, after Hanley and McNeil, just reaches what
    was measured; so they lie in [0, 1], also if all pairs are in order.

    Args:
        auroc: How often an outlier has a larger score than an inlier, from 0 to 1.
        inliers: Number of inliers, at least 1.
        outliers: Number of outliers, at least 1.

    References:
        The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve
        (Hanley, McNeil, 1982)
        Confidence Intervals for an Effect Size Measure Based on the Mann-Whitney Statistic, Part
        2 (Newcombe, 2006): method 5
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    z = norm.ppf(1 - TAIL)
    more = (inliers + outliers) / 2 - 1

    def excess(true: float) -> float:
        spread = 1 + more * ((1 - true) / (2 - true) + true / (1 + true))
        variance = true * (1 - true) * spread / (inliers * outliers)
        return float((auroc - true) ** 2 - z**2 * variance)

    tiny = 1e-9  # the equation holds at 0 and 1 too, whatever was measured
    low = 0.0 if auroc <= 0 else float(brentq(excess, 0, min(auroc, 1 - tiny)))
    high = 1.0 if auroc >= 1 else float(brentq(excess, max(auroc, tiny), 1))
    return Interval(low, high)
