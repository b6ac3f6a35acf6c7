"""Few items: what cannot be said of them is refused in a line, and what can be is qualified."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

import latentune
from latentune.models.densities.methods import DENSITIES, MIN_CODES
from latentune.objectives.metrics.baselines import linear_baseline
from latentune.objectives.metrics.confidence_intervals import (
    auroc_interval,
    binomial_interval,
    exceedance_interval,
)

Cli = Callable[..., Any]


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("name", MIN_CODES)
def test_each_density_is_fitted_from_as_few_codes_as_it_says(name: str, equal: bool) -> None:
    rng = np.random.default_rng(0)
    for n in range(1, 13):
        codes = np.zeros((n, 4)) if equal else rng.normal(size=(n, 4))
        codes = codes.astype("float32")
        if n < MIN_CODES[name]:
            with pytest.raises(ValueError, match=rf"codes \(={n}\) must be at least"):
                DENSITIES[name](None, codes, codes, 0)
        else:
            assert np.isfinite(DENSITIES[name](None, codes, codes, 0).sample(20)).all()


def test_nine_training_images_are_sampled_without_a_mixture(cli: Cli) -> None:
    x = np.random.default_rng(0).random((12, 8, 8)).astype("float32")
    np.savez("tiny.npz", x=x, y=np.arange(12) % 2)
    latentune.search("conv-ae", "tiny.npz", trials=1, epochs=1, workers=1)
    latentune.train("conv-ae-tiny", epochs=1, pictures="none")
    answer = cli("sample", "conv-ae-tiny", "--n", 3)
    assert answer.code == 0, answer.err
    few = "it needs the codes of 10 training items, and there are 9"
    assert f"left out the method mixture: {few}" in answer.out
    answer = cli("sample", "conv-ae-tiny", "--method", "mixture")
    assert answer.code == 2
    assert f"method 'mixture' does not fit: {few}" in answer.err
    for verb in ("interpolate", "map", "compress", "probe"):
        answer = cli(verb, "conv-ae-tiny")
        assert answer.code == 0, (verb, answer.err)


def test_classes_that_a_part_or_a_fold_lacks_are_said_and_count_nothing(cli: Cli) -> None:
    rng = np.random.default_rng(0)
    x, v = (rng.random((n, 8, 8)).astype("float32") for n in (120, 30))
    y, w = np.arange(120) % 3, np.arange(30) % 2
    np.savez("a.npz", x_train=x, y_train=y, x_val=v, y_val=w, x_test=v, y_test=w)
    answer = cli(*("search", "logistic-regression", "a.npz", "--trials", 1, "--epochs", 1))
    for part in ("val", "test"):
        assert f"a.npz: the {part} part has no item of the class '2'" in answer.out
    answer = cli("train", "logistic-regression-a", "--epochs", 1, "--pictures", "none")
    assert "class 2                -\n" in answer.out
    metrics = json.loads(Path("runs/logistic-regression-a/final/metrics.json").read_text())
    assert metrics["class_accuracy"]["2"] is None
    network, data = latentune.load_model("logistic-regression-a"), latentune.TensorData("a.npz")
    said = network(data.splits.test.inputs).argmax(1)
    with warnings.catch_warnings(action="ignore"):  # of answers of an absent class
        right = balanced_accuracy_score(data.splits.test.targets, said)
    assert metrics["test_balanced_accuracy"] == pytest.approx(right)
    np.savez("b.npz", x=x[:90], y=np.array([0] * 60 + [1] * 26 + [2] * 4))
    words = ("search", "logistic-regression", "b.npz", "--trials", 1, "--epochs", 1)
    answer = cli(*words, "--folds", 5)
    assert "2 of 5 folds have a validation part without an item of class '2'" in answer.out


def test_a_share_beyond_a_threshold_is_that_of_order_statistics() -> None:
    rng = np.random.default_rng(0)
    for n, quantile in ((19, 0.99), (50, 0.9), (144, 0.99), (101, 0.5), (1, 0.9)):
        draws = [1 - np.quantile(rng.random(n), quantile) for _ in range(2000)]
        low, high = exceedance_interval(n, quantile)
        assert np.mean([low <= share <= high for share in draws]) >= 0.94, "no fewer than 95 %"
    assert exceedance_interval(19, 0.99).high > 0.2, "19 items cannot promise 1 %"
    exact = exceedance_interval(101, 0.99)  # the 100th of 101 items itself
    below = 1 - stats.beta.ppf([0.975, 0.025], 100, 2)
    assert exact == pytest.approx(tuple(below))


def test_an_interval_of_an_auroc_holds_it_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    for shift, inliers, outliers in ((0, 20, 20), (1, 40, 15), (3, 10, 10)):
        true, held = stats.norm.cdf(shift / np.sqrt(2)), []
        for _ in range(300):
            low, high = rng.normal(size=inliers), rng.normal(shift, size=outliers)
            found = (high[:, None] > low).mean()
            interval = auroc_interval(float(found), inliers, outliers)
            held.append(interval.low <= true <= interval.high)
        assert np.mean(held) > 0.92
    assert auroc_interval(1.0, 8, 8).low < 0.95, "all pairs of a few in order prove little"
    assert auroc_interval(0.0, 8, 8).high > 0.05
    low, high = auroc_interval(0.8, 1000, 1000)  # of many, that of Hanley and McNeil
    error = np.sqrt((0.16 + 999 * (0.8 / 1.2 - 0.64) + 999 * (1.28 / 1.8 - 0.64)) / 1e6)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.01)


def test_a_share_of_few_items_has_the_interval_of_clopper_and_pearson() -> None:
    assert binomial_interval(3, 24) == pytest.approx(
        (stats.beta.ppf(0.025, 3, 22), stats.beta.ppf(0.975, 4, 21))
    )
    assert binomial_interval(0, 5) == pytest.approx((0, 1 - 0.025**0.2))


def test_anomalies_say_what_few_items_leave_open(cli: Cli) -> None:
    rng = np.random.default_rng(0)
    pd.DataFrame(rng.normal(size=(60, 4)), columns=list("abcd")).to_csv("rows.csv", index=False)
    pd.DataFrame(rng.normal(size=(20, 4)), columns=list("abcd")).to_csv("same.csv", index=False)
    latentune.search("dense-ae", "rows.csv", trials=1, epochs=1, ranges={"latent_dim": "2:2"})
    latentune.train("dense-ae-rows", epochs=2, pictures="none")
    answer = cli("anomalies", "dense-ae-rows", "--against", "same.csv")
    assert answer.code == 0, answer.err
    found = latentune.anomalies("dense-ae-rows", against="same.csv")
    outside = found.scores["set"] == "outliers"
    low, high = auroc_interval(roc_auc_score(outside, found.scores["score"]), 12, 20)
    assert f"95 % interval {low:.4f} to {high:.4f}: not better than chance" in answer.out
    data = latentune.TensorData("rows.csv")
    scaler = StandardScaler().fit(data.splits.train.inputs)
    rows = scaler.transform(data.splits.train.inputs)
    plane = PCA(2).fit(rows)
    others = scaler.transform(np.loadtxt("same.csv", delimiter=",", skiprows=1))
    test = scaler.transform(data.splits.test.inputs)
    errors = [
        np.linalg.norm(plane.inverse_transform(plane.transform(x)) - x, axis=1)
        for x in (test, others)
    ]
    right = roc_auc_score(outside, np.concatenate(errors))
    assert f"AUROC {right:.4f} of as many principal components" in answer.out
    promise = exceedance_interval(5, 0.99)
    assert (
        f"quantile 0.99 of 5 validation items: {promise.low:.2%} to {promise.high:.2%}"
    ) in answer.out
    beyond = int((found.scores["score"][~outside] > found.thresholds["quantile 0.99"]).sum())
    assert f"of 12 test items, {beyond} are above it: {beyond / 12:.2%}, " in answer.out


def test_a_training_part_of_one_class_has_a_linear_model_beside_it() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    np.savez("one.npz", x=x, y=np.array([0] * 38 + [1] * 2))
    data = latentune.TensorData("one.npz")
    train, test = data.splits.train, data.splits.test
    assert train.targets is not None
    train.targets[:] = 0
    right = float((test.targets == 0).double().mean())
    assert linear_baseline(data) == {"test_accuracy_linear": pytest.approx(right)}
