"""Metrics of detection beside those of scikit-learn, and their intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from latentune.objectives.metrics.detection_metrics import detection_metrics

item = st.tuples(st.integers(-4, 4), st.booleans())


@given(items=st.lists(item, min_size=4, max_size=60))
@settings(max_examples=40, deadline=None)
def test_metrics_are_those_of_scikit_learn(items: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in items], dtype=float)
    anomalous = np.array([flag for _, flag in items])
    anomalous[:2] = True, False  # both are needed
    found, intervals = detection_metrics(scores, anomalous)
    fpr, tpr, _ = roc_curve(anomalous, scores, drop_intermediate=False)
    expected = (
        roc_auc_score(anomalous, scores),
        average_precision_score(anomalous, scores),
        fpr[np.argmax(tpr >= 0.95)],
    )
    assert found == pytest.approx(expected)
    assert all(0 <= low <= high <= 1 + 1e-9 for low, high in intervals)


def test_an_interval_covers_the_true_auroc_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(0), 0
    for _ in range(60):
        scores = np.r_[rng.normal(size=80), rng.normal(1, size=60)]
        _, intervals = detection_metrics(scores, np.repeat([False, True], [80, 60]))
        covered += intervals[0].low < 0.7602 < intervals[0].high  # Phi(1 / sqrt 2)
    assert covered >= 52
