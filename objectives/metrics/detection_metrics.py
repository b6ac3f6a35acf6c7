"""How well scores separate anomalies from normal items, with 95 % bootstrap intervals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .confidence_intervals import TAIL_PROBABILITY, Interval

RESAMPLES = 500
MIN_RECALL = 0.95

Values = NDArray[np.float64]


class DetectionMetrics(NamedTuple):
    """Three figures, each from 0 to 1, or the ends of their intervals.

    Attributes:
        auroc: The probability that an anomaly has a larger score than a normal item.
        average_precision: Mean share of anomalies among the items with the largest scores, over
            all numbers of items.
        fpr95: Share of normal items above the threshold which 95 % of the anomalies are above.
    """

    auroc: float
    average_precision: float
    fpr95: float


class RankedItems:
    """Items in the order of their scores, from which metrics of weighted items are computed.

    Args:
        scores: A score for each item, with shape (N,).
        anomalous: Whether each item is an anomaly, with shape (N,).
    """

    def __init__(self, scores: Values, anomalous: NDArray[np.bool_]) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        # Items with equal scores pass a threshold together.
        self._starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self._anomalous = anomalous[self._order]

    def metrics(self, weights: Values) -> DetectionMetrics:
        """Returns the metrics if each item counts as often as its weight, with shape (N,)."""
        ordered = weights[self._order]
        found = np.add.reduceat(ordered * self._anomalous, self._starts)
        false = np.add.reduceat(ordered * ~self._anomalous, self._starts)
        true_positives, false_positives = found.cumsum(), false.cumsum()
        recall = true_positives / true_positives[-1]
        fpr = false_positives / false_positives[-1]
        total = np.maximum(true_positives + false_positives, 1e-12)
        auroc = (np.diff(fpr, prepend=0) * (recall + np.r_[0, recall[:-1]]) / 2).sum()
        precision = (np.diff(recall, prepend=0) * true_positives / total).sum()
        at_95 = fpr[np.searchsorted(recall, MIN_RECALL - 1e-9)]
        return DetectionMetrics(float(auroc), float(precision), float(at_95))


def detection_metrics(
    scores: Values, anomalous: NDArray[np.bool_]
) -> tuple[DetectionMetrics, list[Interval]]:
    """Returns the metrics of scores (N,) and an interval for each.

    For the intervals, anomalies and normal items are sampled with replacement 500 times. If scores
    separate all items, the intervals have no width.

    References:
        Bootstrap Methods: Another Look at the Jackknife (Efron, 1979)
    """
    ranked, rng = RankedItems(scores, anomalous), np.random.default_rng(0)
    groups = [np.flatnonzero(anomalous), np.flatnonzero(~anomalous)]
    samples = []
    for _ in range(RESAMPLES):
        weights = np.zeros(len(scores))
        for group in groups:
            weights[group] = rng.multinomial(len(group), np.full(len(group), 1 / len(group)))
        samples.append(ranked.metrics(weights))
    ends = np.quantile(samples, [TAIL_PROBABILITY, 1 - TAIL_PROBABILITY], axis=0)
    intervals = [Interval(float(low), float(high)) for low, high in ends.T]
    return ranked.metrics(np.ones(len(scores))), intervals
