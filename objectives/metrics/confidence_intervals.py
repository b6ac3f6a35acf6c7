"""95 % confidence intervals of shares of items, of means, and of AUROCs."""

from collections.abc import Sequence
from math import floor
from statistics import fmean, stdev
from typing import NamedTuple

CONFIDENCE_LEVEL = 0.95
TAIL_PROBABILITY = (1 - CONFIDENCE_LEVEL) / 2


class Interval(NamedTuple):
    """The two ends of a confidence interval."""

    low: float
    high: float


def binomial_interval(count: int, n: int) -> Interval:
    """Returns the confidence interval of a share, observed in `count` of `n` items; n is above 0.

    References:
        The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial (Clopper,
        Pearson, 1934)
    """
    from scipy.stats import binomtest

    found = binomtest(count, n).proportion_ci(CONFIDENCE_LEVEL, method="exact")
    return Interval(float(found.low), float(found.high))


def mean_interval(values: Sequence[float]) -> Interval:
    """Returns the confidence interval of a mean, observed in the values of at least two items.

    It assumes that the mean of so many items has a normal distribution.
    """
    from scipy.stats import norm

    mean, error = fmean(values), stdev(values) / len(values) ** 0.5
    half = float(norm.ppf(1 - TAIL_PROBABILITY)) * error
    return Interval(mean - half, mean + half)


def exceedance_interval(n: int, quantile: float) -> Interval:
    """Returns the confidence interval of the share of new items above a quantile of n known items.

    `quantile` is from 0 to 1, as for `numpy.quantile`. The method fits all distributions: the
    share of items below the k-th smallest of n items has a beta distribution. The quantile lies
    between two of the n items, which give one end of the interval each.

    References:
        Determination of Sample Sizes for Setting Tolerance Limits (Wilks, 1941)
    """
    from scipy.stats import beta

    position = quantile * (n - 1)
    below = floor(position + 1e-9) + 1  # counts from 1; rounding may fall short of an integer
    above = below + (position > below - 1 + 1e-9)
    low = float(beta.ppf(TAIL_PROBABILITY, below, n + 1 - below))
    high = float(beta.ppf(1 - TAIL_PROBABILITY, above, n + 1 - above))
    return Interval(1 - high, 1 - low)


def auroc_interval(auroc: float, inliers: int, outliers: int) -> Interval:
    """Returns the confidence interval of an AUROC, given the numbers of inliers and of outliers.

    Both numbers are at least 1. Each end of the interval is z standard errors from `auroc`, where
    z is a quantile of the normal distribution. The standard error is computed for the AUROC at
    that end, by the formula of Hanley and McNeil. Both ends are from 0 to 1, even if all pairs are
    ordered correctly.

    References:
        The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve
        (Hanley, McNeil, 1982)
        Confidence Intervals for an Effect Size Measure Based on the Mann-Whitney Statistic, Part
        2 (Newcombe, 2006): method 5
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    z = norm.ppf(1 - TAIL_PROBABILITY)
    extra_pairs = (inliers + outliers) / 2 - 1

    def excess(true: float) -> float:
        spread = 1 + extra_pairs * ((1 - true) / (2 - true) + true / (1 + true))
        variance = true * (1 - true) * spread / (inliers * outliers)
        return float((auroc - true) ** 2 - z**2 * variance)

    tiny = 1e-9  # 0 and 1 are solutions for every measured value
    low = 0.0 if auroc <= 0 else float(brentq(excess, 0, min(auroc, 1 - tiny)))
    high = 1.0 if auroc >= 1 else float(brentq(excess, max(auroc, tiny), 1))
    return Interval(low, high)
