"""Anomalies: scores, the threshold that training keeps, and other data to score."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score

import latentune
from latentune import TensorData
from latentune.objectives.metrics.anomaly_scores import anomaly_scores, separating_threshold
from latentune.storage.checkpoint_file import read_header

Cli = Callable[..., Any]
Refused = Callable[..., str]
FINAL = Path("runs/conv-ae-digits/final")
WORDS = ("anomalies", "conv-ae-digits", "--against")


def write_images(folder: str, n: int, *, mode: str = "L", side: int = 12, seed: int = 0) -> None:
    Path(folder).mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for i in range(n):
        shape = (side, side, 3) if mode == "RGB" else (side, side)
        Image.fromarray(rng.integers(0, 255, shape, dtype="uint8")).save(f"{folder}/{i:03}.png")


class Halves(torch.nn.Module):
    """A linear autoencoder, whose weights a test knows."""

    def __init__(self, weights: torch.Tensor) -> None:
        super().__init__()
        self.weights = weights

    def reconstruct(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weights @ self.weights.T


def test_scores_of_a_linear_autoencoder_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(13, 4)).astype("float32")
    data = TensorData("wine")
    rows = data.splits.train.inputs
    found = anomaly_scores(Halves(torch.from_numpy(weights)), data.spec, rows)
    x = rows.numpy().astype("float64")
    error = (x @ weights @ weights.T - x) / x.std(0)  # a table is standardized by default
    np.testing.assert_allclose(found, np.linalg.norm(error, axis=1), rtol=1e-4)


def test_training_keeps_the_threshold_that_validation_gives(trained: Path) -> None:
    saved = read_header(FINAL / "model.ckpt").anomaly
    assert saved is not None
    kept = saved.to_table()
    assert json.loads((FINAL / "metrics.json").read_text())["anomaly"] == kept
    model, splits = latentune.load_model("conv-ae-digits"), TensorData("digits").splits
    with torch.inference_mode():
        error = model(splits.val.inputs) - splits.val.inputs
    scores = error.flatten(1).norm(dim=1).numpy()
    assert kept["quantile"] == 0.99
    assert kept["threshold"] == pytest.approx(np.quantile(scores, 0.99), rel=1e-5)
    assert np.mean(scores <= kept["threshold"]) == pytest.approx(0.99, abs=1 / len(scores))


def test_scores_of_the_test_part_and_of_other_items(cli: Cli, trained: Path) -> None:
    write_images("noise", 15)
    Path("noise/odd.png").write_text("no image")
    answer = cli(*WORDS, "noise", "--quantile", 0.9)
    assert "not scored: noise/odd.png is not an image that can be read" in answer.out
    assert "\n rule " in answer.out
    assert answer.code == 1, "an image was not read"
    assert answer.out.endswith("next: latentune predict conv-ae-digits FILE\n")
    assert (
        "known anomalies, given by --labeled, add a threshold by logistic regression" in answer.out
    )
    scores = pd.read_csv(FINAL / "anomalies" / "scores.csv")
    inside, outside = scores[scores["set"] == "inliers"], scores[scores["set"] == "outliers"]
    rows = TensorData("digits").splits.test.row_indices.tolist()
    assert list(inside["item"]) == [f"digits[{row}]" for row in rows], "the test part alone"
    assert list(outside["item"]) == [f"noise/{n:03}.png" for n in range(15)]
    auroc = roc_auc_score(scores["set"] == "outliers", scores["score"])
    assert f"AUROC {auroc:.4f}" in answer.out
    assert " quantile 0.9  " in answer.out, "each row has the name of its rule"
    assert auroc > 0.95
    table = pd.read_csv(FINAL / "anomalies" / "table.csv", index_col="rule")
    row = table.loc["quantile 0.9"]
    assert row["inliers passed"] == (inside["score"] <= row["threshold"]).mean()
    assert row["inliers passed"] == pytest.approx(0.9, abs=0.06)
    assert row["outliers found"] == (outside["score"] > row["threshold"]).mean()
    assert (scores["anomaly"] == (scores["score"] > row["threshold"])).all()
    for name in ("scores", "images"):
        with Image.open(FINAL / "anomalies" / f"{name}.png") as picture:
            picture.verify()


@pytest.mark.parametrize(("n", "least", "most"), [(1, 1, 0), (3, 2, 1), (25, 10, 10)])
def test_no_image_has_both_the_least_and_the_most_error(
    trained: Path, monkeypatch: pytest.MonkeyPatch, n: int, least: int, most: int
) -> None:
    shown: dict[str, torch.Tensor] = {}
    grid = "latentune.studies.display.plots.image_grids.plot_labeled_grid"
    monkeypatch.setattr(grid, lambda rows, title, path: shown.update(rows))
    np.save("digits.npy", np.random.default_rng(0).random((n, 8, 8)))
    found = latentune.anomalies("conv-ae-digits", against="digits.npy")
    ordered = found.scores[found.scores["set"] == "outliers"].sort_values("score")
    images = np.load("digits.npy")[ordered.index - 359].astype("float32")
    assert len(shown) == 3 + (most > 0)
    np.testing.assert_array_equal(shown["digits.npy: least"][:, 0], images[:least])
    if most:
        np.testing.assert_array_equal(shown["digits.npy: most"][:, 0], images[::-1][:most])


def test_items_that_fit_a_regression_are_not_scored(trained: Path, monkeypatch: Any) -> None:
    write_images("noise", 15)
    write_images("known", 20, seed=1)
    seen: list[np.ndarray[Any, Any]] = []

    def keep(inliers: torch.Tensor, outliers: torch.Tensor) -> float:
        seen.extend([inliers.numpy(), outliers.numpy()])
        return separating_threshold(inliers, outliers)

    monkeypatch.setattr("latentune.studies.use.anomalies.separating_threshold", keep)
    found = latentune.anomalies("conv-ae-digits", against="noise", labeled="known")
    assert [len(scores) for scores in seen] == [144, 20]
    scored = set(found.scores["score"])
    assert not scored & set(np.concatenate(seen).tolist())
    between = found.thresholds["logistic regression"]
    assert seen[0].mean() < between < seen[1].mean()
    assert found.table.loc["logistic regression", "outliers found"] > 0.9


def test_a_threshold_lies_where_both_classes_are_as_likely() -> None:
    rng = torch.Generator().manual_seed(0)
    low, high = (torch.randn(n, generator=rng) + m for n, m in ((4000, 3), (500, 7)))
    assert separating_threshold(low, high) == pytest.approx(5, abs=0.2)
    assert separating_threshold(high, low) == float("inf"), "what is drawn better is not found"


def test_gray_images_fit_a_network_of_color_images_but_not_the_reverse(
    refused: Refused, trained: Path
) -> None:
    write_images("colored", 12, mode="RGB", side=8)
    write_images("gray", 12, seed=1)
    said = refused(*WORDS, "colored")
    for path in Path("gray").iterdir():
        Image.open(path).convert("RGB").save(Path("gray") / f"as-rgb-{path.name}")
        path.unlink()
    assert (latentune.anomalies(WORDS[1], against="gray").scores["set"] == "outliers").sum() == 12
    assert "holds colors, but the network has seen only gray images" in said
    latentune.search("conv-ae", "colored", trials=1, epochs=1)
    latentune.train("conv-ae-colored", epochs=1)
    found = latentune.anomalies("conv-ae-colored", against="gray", labeled="digits")
    assert (found.scores["set"] == "outliers").sum() == 12
    assert "logistic regression" in found.thresholds


def test_unsuitable_other_data_are_refused(refused: Refused, trained: Path) -> None:
    write_images("noise", 12)
    assert "digits is the data that the network was trained on" in refused(*WORDS, "digits")
    assert "--labeled" in refused(*WORDS, "noise", "--labeled", "./noise")
    assert "digits is the data that the network" in refused(*WORDS, "noise", "--labeled", "digits")
    assert "wine holds items of 13, but the network reads 1x8x8" in refused(*WORDS, "wine")
    assert "nowhere" in refused(*WORDS, "nowhere")
    assert "quantile must be above 0 and below 1, not 1" in refused(
        *WORDS, "noise", "--quantile", 1
    )
    assert "Missing option '--against'" in refused("anomalies", "conv-ae-digits")


def test_features_of_a_table_are_found_by_their_names(refused: Refused) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    table.to_csv("rows.csv", index=False)
    far = pd.DataFrame(rng.normal((0, 50, 0), size=(20, 3)), columns=["a", "b", "c"])
    far[["c", "b", "a"]].to_csv("far.csv", index=False)
    far[["a", "c"]].to_csv("two.csv", index=False)
    np.save("five.npy", rng.normal(size=(20, 5)))
    latentune.search("dense-ae", "rows.csv", trials=1, epochs=1)
    latentune.train("dense-ae-rows", epochs=2, pictures="none")
    words = ("anomalies", "dense-ae-rows", "--against")
    assert "two.csv has no column 'b', which training had" in refused(*words, "two.csv")
    assert "five.npy holds items of 5, but the network reads 3" in refused(*words, "five.npy")
    found = latentune.anomalies("dense-ae-rows", against="far.csv", score="error")
    assert found.auroc == 1
    model, rows = latentune.load_model("dense-ae-rows"), torch.tensor(far.to_numpy()).float()
    scores = anomaly_scores(model, TensorData("rows.csv").spec, rows)
    outside = found.scores[found.scores["set"] == "outliers"]["score"]
    np.testing.assert_allclose(sorted(outside), sorted(scores.numpy()), rtol=1e-4)


def test_images_that_are_too_large_for_memory_are_scored(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images("own", 20, mode="RGB", side=20)
    write_images("other", 12, side=24, seed=1)
    monkeypatch.setattr("latentune.objectives.data.sources.image_files.MAX_BYTES_IN_MEMORY", 1)
    latentune.search("conv-ae", "own", image_size=8, trials=1, epochs=1)
    latentune.train("conv-ae-own", epochs=1, pictures="none")
    found = latentune.anomalies("conv-ae-own", against="other")
    assert (found.scores["set"] == "outliers").sum() == 12
    assert latentune.compress("conv-ae-own").item_bytes == 3 * 64


def test_a_score_is_chosen_by_corrupted_items_and_not_by_those_to_score(
    cli: Cli, trained: Path
) -> None:
    write_images("noise", 15)
    answer = cli(*WORDS, "noise")
    report = latentune.anomalies("conv-ae-digits", against="noise")
    assert list(report.trial) == ["noise", "blur", "patch"]
    assert report.score_name == report.trial.mean(axis=1).idxmax()
    assert f"score {report.score_name}, which finds validation items with noise" in answer.out
    assert (report.scores["score"] == report.scores[f"score_{report.score_name}"]).all()
    np.save("zeros.npy", np.zeros((15, 8, 8)))
    other = latentune.anomalies("conv-ae-digits", against="zeros.npy")
    pd.testing.assert_frame_equal(other.trial, report.trial)
    table = pd.read_csv(FINAL / "anomalies" / "detection.csv", index_col="score")
    assert list(table.index) == ["error", "density", "neighbors", "mahalanobis", "pca"]
    for name, row in table.iterrows():
        column = other.scores[f"score_{name}"]
        assert row["auroc"] == pytest.approx(
            roc_auc_score(other.scores["set"] == "outliers", column)
        )
        assert row["auroc_low"] <= row["auroc"] <= row["auroc_high"]


def test_a_score_that_is_named_is_used_alone(refused: Refused, trained: Path) -> None:
    write_images("noise", 15)
    report = latentune.anomalies("conv-ae-digits", against="noise", score="neighbors")
    assert report.score_name == "neighbors"
    assert [name for name in report.scores if name.startswith("score_")] == ["score_neighbors"]
    assert report.pca_auroc is None
    assert "did you mean 'error'" in refused(*WORDS, "noise", "--score", "eror")
    assert "no score 'elbo'; known: all, density" in refused(*WORDS, "noise", "--score", "elbo")


def test_heat_maps_have_the_size_of_the_images(trained: Path) -> None:
    write_images("noise", 12, side=8)
    for path in Path("noise").iterdir():
        with Image.open(path) as small:
            large = small.resize((150, 150), Image.Resampling.NEAREST)
        large.save(path)
    latentune.anomalies("conv-ae-digits", against="noise", score="error")
    maps = sorted((FINAL / "anomalies" / "heat_maps").iterdir())
    assert len(maps) == 12
    with Image.open(maps[0]) as written:
        pixels = np.asarray(written)
    assert pixels.shape == (150, 300, 3)
    with Image.open(f"noise/{maps[0].stem.partition('-')[2]}.png") as original:
        np.testing.assert_array_equal(pixels[:, :150], np.asarray(original.convert("RGB")))


def test_a_vae_and_a_network_without_reconstructions_have_scores_too() -> None:
    latentune.search("dense-vae", "digits", trials=1, epochs=1)
    latentune.train("dense-vae-digits", epochs=1, pictures="none")
    np.save("noise.npy", np.random.default_rng(0).random((20, 8, 8)))
    found = latentune.anomalies("dense-vae-digits", against="noise.npy", score="elbo")
    model = latentune.load_model("dense-vae-digits")
    with torch.inference_mode():
        x = torch.from_numpy(np.load("noise.npy")).float()[:, None]
        mean, log_variance = model.posterior(x)
        likelihood = torch.distributions.Bernoulli(model.decode(mean), validate_args=False)
        kl = torch.distributions.kl_divergence(
            torch.distributions.Normal(mean, (log_variance / 2).exp()),
            torch.distributions.Normal(0.0, 1.0),
        )
        expected = kl.sum(1) - likelihood.log_prob(x).flatten(1).sum(1)
    scores = found.scores[found.scores["set"] == "outliers"]["score"]
    np.testing.assert_allclose(scores, expected, rtol=1e-4)
    latentune.search("siamese", "digits", trials=1, epochs=1)
    latentune.train("siamese-digits", epochs=1, pictures="none")
    codes = latentune.anomalies("siamese-digits", against="noise.npy", score="mahalanobis")
    assert codes.auroc > 0.5


def test_predictions_take_another_quantile(refused: Refused, cli: Cli, trained: Path) -> None:
    images = TensorData("digits").splits.test.inputs.numpy()
    np.save("test.npy", images)
    low = latentune.predict("conv-ae-digits", "test.npy", quantile=0.5)
    high = latentune.predict("conv-ae-digits", "test.npy", quantile=0.999)
    assert low.table["anomaly"].mean() == pytest.approx(0.5, abs=0.1)
    assert high.table["anomaly"].mean() < 0.05
    assert (low.table["error"] == high.table["error"]).all()
    answer = cli("predict", "conv-ae-digits", "test.npy", "--quantile", 0.5)
    assert "the quantile 0.5 of 144 validation items" in answer.out
    assert "95 % interval" in answer.out
    words = ("predict", "conv-ae-digits", "test.npy", "--quantile")
    assert "quantile must be above 0 and below 1, not 2" in refused(*words, 2)
