"""Printed figures, compared with those of scikit-learn, SciPy or NumPy."""

import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy import linalg, stats
from sklearn import metrics as sk
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from latentune import VAE, Autoencoder, DataSpec, Predictor
from latentune.objectives.data.preparation.normalization import mean_and_std
from latentune.objectives.metrics.anomaly_scores import (
    anomaly_scores,
    mse_of_scores,
    quantile_threshold,
)
from latentune.objectives.metrics.baselines import pca_mse, pca_scorer
from latentune.objectives.metrics.classification_report import classification_report
from latentune.objectives.metrics.image_quality import image_quality, kernel_distance
from latentune.objectives.metrics.nearest_neighbors import knn_accuracy
from latentune.objectives.trainer import quiet_trainer
from latentune.studies.check.confirmation import finalist_table
from latentune.studies.check.race import probabilities_better
from latentune.studies.use.anomaly_report import INLIERS, OUTLIERS, AnomalyReport

rng = np.random.default_rng(0)
CLASSES = ("a", "b", "c", "d")
LABELS = {
    "all classes": rng.integers(0, 4, 90),
    "unbalanced": rng.choice(4, 90, p=[0.85, 0.05, 0.05, 0.05]),
    "two classes missing": rng.integers(1, 3, 40),
    "one class alone": np.full(30, 2),
    "one item": np.array([3]),
}
LOGITS = {
    "sure": lambda n: 5 * rng.normal(size=(n, 4)),
    "ties": lambda n: rng.integers(0, 2, (n, 4)).astype(float),
    "all the same": lambda n: np.zeros((n, 4)),
    "one answer": lambda n: np.tile([0.0, 9.0, 0.0, 0.0], (n, 1)),
}
NUMBERS = {
    "many": (rng.normal(size=70), rng.normal(size=70)),
    "near": (np.arange(20) + 1e-3 * rng.normal(size=20), np.arange(20.0)),
    "constant targets": (rng.normal(size=12), np.full(12, 0.5)),
    "constant and right": (np.full(12, 0.25), np.full(12, 0.25)),
    "constant answers": (np.zeros(12), rng.normal(size=12)),
    "two items": (np.array([1.0, 2.0]), np.array([2.0, 1.5])),
    "far from 0": (1e9 + rng.normal(size=50), 1e9 + rng.normal(size=50)),
}


def logged_of(model: Predictor, inputs: Tensor, targets: Tensor) -> dict[str, float]:
    """Returns what a network logs of a test part, in batches of unequal size."""
    loader = DataLoader(TensorDataset(inputs, targets), batch_size=32)
    trainer = quiet_trainer(1, [], accelerator="cpu")
    with warnings.catch_warnings(action="ignore"):
        return dict(trainer.test(model, loader, verbose=False)[0])


def says(data: DataSpec) -> Predictor:
    """Returns a predictor whose answers are its inputs."""
    model = Predictor(data, layers=0)
    torch.nn.init.eye_(model.output.weight)
    torch.nn.init.zeros_(model.output.bias)
    return model


def calibration_error(probabilities_better: np.ndarray, labels: np.ndarray) -> float:
    """Returns the expected calibration error of Guo and others (2017), with 15 bins."""
    surest, right = probabilities_better.max(1), probabilities_better.argmax(1) == labels
    bins = np.clip(np.ceil(surest * 15) - 1, 0, 14)
    inside = [bins == number for number in range(15)]
    return sum(abs(surest[i].mean() - right[i].mean()) * i.mean() for i in inside if i.any())


@pytest.mark.parametrize("logits", LOGITS)
@pytest.mark.parametrize("labels", LABELS)
def test_figures_of_classes_are_those_of_scikit_learn(labels: str, logits: str) -> None:
    true = LABELS[labels]
    scores = torch.from_numpy(LOGITS[logits](len(true))).float()
    targets = torch.from_numpy(true)
    model = says(DataSpec((4,), "table", CLASSES))
    logged = logged_of(model, scores, targets)
    shares, said = scores.softmax(1).numpy(), scores.argmax(1).numpy()
    data: Any = SimpleNamespace(
        spec=DataSpec((4,), "table", CLASSES),
        setup=lambda stage: None,
        test_dataloader=lambda: [(scores, targets)],
    )
    found = classification_report(model, data)
    with warnings.catch_warnings(action="ignore"):  # of classes that are absent
        right = {
            "test_loss": -np.log(shares[range(len(true)), true]).mean(),
            "test_accuracy": sk.accuracy_score(true, said),
            "test_balanced_accuracy": sk.balanced_accuracy_score(true, said),
        }
        recalls = sk.recall_score(true, said, labels=range(4), average=None, zero_division=np.nan)
    assert logged == pytest.approx(right, rel=1e-5)
    assert found.classes["accuracy"].to_numpy() == pytest.approx(recalls, nan_ok=True)
    assert (found.confusion == sk.confusion_matrix(true, said, labels=range(4))).all()
    assert list(found.classes["items"]) == np.bincount(true, minlength=4).tolist()
    for number, average in enumerate(found.classes["average_precision"]):
        if number in true:
            precise = sk.average_precision_score(true == number, shares[:, number])
            assert average == pytest.approx(precise, rel=1e-5)
        else:
            assert np.isnan(average)
    assert found.calibration_error == pytest.approx(calibration_error(shares, true), abs=1e-5)


@pytest.mark.parametrize("numbers", NUMBERS)
def test_figures_of_numbers_are_those_of_scikit_learn(numbers: str) -> None:
    said, true = NUMBERS[numbers]
    mean, std = (moment.item() for moment in mean_and_std([torch.from_numpy(true)[:, None]]))
    model = says(DataSpec((1,), "table", target=(mean, std)))
    inputs = torch.from_numpy((said - mean) / std)[:, None].float()
    logged = logged_of(model, inputs, torch.from_numpy(true))
    answers = model(inputs)[:, 0].detach().numpy()
    assert answers == pytest.approx(said, rel=1e-6, abs=1e-6 * std)
    assert logged["test_mse"] == pytest.approx(sk.mean_squared_error(true, answers), rel=1e-6)
    assert logged["test_r2"] == pytest.approx(sk.r2_score(true, answers), rel=1e-6, abs=1e-9)


def test_the_r2_of_one_item_is_not_defined() -> None:
    model = says(DataSpec((1,), "table", target=(0.0, 1.0)))
    assert np.isnan(logged_of(model, torch.ones(1, 1), torch.ones(1).double())["test_r2"])


def test_reconstruction_errors_are_those_of_numpy_and_components_those_of_scikit_learn() -> None:
    x = torch.from_numpy(rng.normal(size=(50, 6)) * [1, 10, 100, 1e-3, 1, 1] + 5)
    mean, std = mean_and_std([x])
    data = DataSpec((6,), "table", mean=tuple(mean.tolist()), std=tuple(std.tolist()))
    model = Autoencoder(data, 2, "dense").eval()
    with torch.no_grad():
        error = ((model.reconstruct(x) - x) / std).numpy()
        logged = model.terms([x])["mse"].item()
    scores = anomaly_scores(model, data, x)
    assert scores.numpy() == pytest.approx(np.linalg.norm(error, axis=1), rel=1e-5)
    assert mse_of_scores(scores, data) == pytest.approx((error**2).mean(), rel=1e-5)
    assert logged == pytest.approx((error**2).mean(), rel=1e-5)
    assert quantile_threshold(scores, 0.9) == pytest.approx(np.quantile(scores.numpy(), 0.9))
    rows = StandardScaler().fit_transform(x)
    plane = PCA(2).fit(rows)
    drawn = plane.inverse_transform(plane.transform(rows))
    assert pca_mse(x, x, 2, data) == pytest.approx(((drawn - rows) ** 2).mean())
    distances = np.linalg.norm(drawn - rows, axis=1)
    assert pca_scorer(x, 2, data)(x).numpy() == pytest.approx(distances)


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_the_nearest_neighbor_is_that_of_scikit_learn(offset: float) -> None:
    codes = (offset + rng.normal(size=(260, 40))).astype("float32")
    classes = (codes[:, 0] + codes[:, 1] > 2 * offset).astype(int)
    parts = codes[:200], classes[:200], codes[200:], classes[200:]
    right = KNeighborsClassifier(1, algorithm="brute").fit(*parts[:2]).score(*parts[2:])
    found = knn_accuracy(*map(torch.from_numpy, parts))
    assert found == pytest.approx(right)


def test_distances_of_images_are_those_of_scipy() -> None:
    real, drawn = rng.normal(size=(400, 5)), rng.normal(0.3, 1.2, size=(300, 5))
    found = image_quality(torch.from_numpy(real).float(), torch.from_numpy(drawn).float())
    scale = np.sqrt((real**2).mean())
    real, drawn = real / scale, drawn / scale
    covariances = np.cov(real.T), np.cov(drawn.T)
    shift = ((real.mean(0) - drawn.mean(0)) ** 2).sum()
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    fid = shift + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert found.fid == pytest.approx(fid, rel=1e-3)

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / 5 + 1) ** 3

    def between(own: np.ndarray) -> float:
        n = len(own)
        return (kernel(own, own).sum() - np.trace(kernel(own, own))) / (n * (n - 1))

    kid = between(real) + between(drawn) - 2 * kernel(real, drawn).mean()
    assert found.kid == pytest.approx(kid, abs=3 * found.kid_std / np.sqrt(50))
    constant = torch.zeros(80, 5)
    assert kernel_distance(constant, constant)[0] == 0


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_the_terms_of_an_elbo_are_those_of_scipy(likelihood: Any) -> None:
    torch.manual_seed(0)
    model = VAE(DataSpec((1, 8, 8)), 3, network="dense", width=0.05, likelihood=likelihood)
    x = torch.rand(5, 1, 8, 8)
    with torch.no_grad():
        mean, log_variance = model.posterior(x)
        torch.manual_seed(1)
        terms = model.terms([x])
        torch.manual_seed(1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        drawn, scale = model.decode(z).numpy(), 1.0
    density: Callable[..., Any] = stats.norm(drawn, scale).logpdf
    right = -density(x.numpy()).sum((1, 2, 3)).mean()
    if likelihood == "bernoulli":
        pixels = x.numpy()
        chance = pixels * np.log(drawn) + (1 - pixels) * np.log1p(-drawn)
        right = -chance.sum((1, 2, 3)).mean()
    assert terms["reconstruction"].item() == pytest.approx(right, rel=1e-4)
    deviations = np.exp(log_variance.numpy() / 2)
    kl = -np.log(deviations) + (deviations**2 + mean.numpy() ** 2 - 1) / 2
    assert terms["kl"].item() == pytest.approx(kl.sum(1).mean(), rel=1e-4)
    assert terms["elbo"].item() == pytest.approx(-(right + kl.sum(1).mean()), rel=1e-4)


@pytest.mark.parametrize("ties", [False, True])
def test_an_auroc_is_the_share_of_pairs_in_order(ties: bool) -> None:
    inside, outside = rng.normal(size=30), rng.normal(0.5, 1, size=20)
    if ties:
        inside, outside = inside.round(), outside.round()
    import pandas as pd

    scores = pd.DataFrame(
        {
            "set": [INLIERS] * 30 + [OUTLIERS] * 20,
            "score": np.concatenate([inside, outside]),
        }
    )
    thresholds = {"quantile 0.9": 1.0}
    found = AnomalyReport(Path(), {}, scores, "error", pd.DataFrame(), thresholds, {}, 0.9, 20)
    statistic = stats.mannwhitneyu(outside, inside).statistic
    assert found.auroc == pytest.approx(statistic / 600)
    row = found.table.loc["quantile 0.9"]
    assert row["inliers passed"] == np.mean(inside <= 1)
    assert row["outliers found"] == np.mean(outside > 1)


def test_a_race_of_two_is_the_paired_t_test_of_scipy() -> None:
    one, other = rng.normal(size=6), rng.normal(0.4, 1, size=6)
    best = int(one.mean() > other.mean())
    pair = [one, other]
    found = probabilities_better([one.tolist(), other.tolist()], best)
    right = stats.ttest_rel(pair[1 - best], pair[best], alternative="greater").pvalue
    assert found[1 - best] == pytest.approx(right)
    assert found[best] == 0.5
    table = finalist_table([0, 1], [0.0, 0.0], [one.tolist(), other.tolist()], best, 1)
    for row, values in zip(table.itertuples(), pair, strict=True):
        interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
        assert (row.mean, row.std) == pytest.approx((values.mean(), values.std(ddof=1)))


@pytest.mark.parametrize("equal", [0.0, 1e-12])
def test_configurations_that_differ_by_a_constant_are_told_apart(equal: float) -> None:
    costs = [[1.0, 2.0, 3.0], [1.5, 2.5, 3.5 + equal]]
    assert probabilities_better(costs, 0) == pytest.approx([0.5, 0.0], abs=1e-6)
    assert probabilities_better([costs[0], costs[0]], 0) == [0.5, 0.5], (
        "the same costs say nothing"
    )


@pytest.mark.parametrize("numbers", [False, True])
def test_the_linear_model_beside_is_that_of_scikit_learn(numbers: bool) -> None:
    from latentune import TensorData
    from latentune.objectives.metrics.baselines import linear_baseline

    x = rng.normal(size=(100, 3)) * [1, 1e-15, 1e12] + [0, 1, 1e14]
    line = StandardScaler().fit_transform(x) @ [1, 2, 3] + 0.3 * rng.normal(size=100)
    y = 1e20 * line if numbers else (line > 0).astype(int)
    np.savez("rows.npz", x=x, y=y)
    data = TensorData("rows.npz", numbers=numbers)
    train, test = data.splits.train, data.splits.test
    model = RidgeCV() if numbers else LogisticRegression(max_iter=100, tol=1e-2)
    fitted = make_pipeline(StandardScaler(), model).fit(train.inputs, train.targets)
    (found,) = linear_baseline(data).values()
    said = fitted.predict(test.inputs)
    score = sk.mean_squared_error if numbers else sk.accuracy_score
    assert found == pytest.approx(score(test.targets, said), rel=1e-3)
