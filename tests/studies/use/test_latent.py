"""What trained codes are used for: sampling and rating samples, maps, interpolation."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import latentune
from latentune import LatentMixture
from latentune.objectives.metrics.image_quality import (
    ImageQuality,
    SamplerRating,
    find_winner,
    image_quality,
)

Cli = Callable[..., Any]
FINAL = Path("runs/conv-ae-digits/final")


def shows(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        picture.load()
        return picture.size


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 4), st.integers(0, 1000))
def test_a_saved_mixture_samples_the_same(k: int, seed: int) -> None:
    codes = np.random.default_rng(seed).normal(size=(60, 3)).astype("float32")
    mixture = LatentMixture.fit(codes, n_components=k, seed=seed)
    path = Path("mixture.npz")
    mixture.save(path)
    drawn = mixture.sample(20, seed)
    assert drawn.dtype == np.float32
    np.testing.assert_array_equal(LatentMixture.load(path).sample(20, seed), drawn)


def test_a_mixture_finds_its_components_and_their_spread() -> None:
    rng = np.random.default_rng(0)
    spread = np.array([[1.0, 0.6], [0.0, 0.5]])
    halves = [rng.normal(size=(500, 2)) @ spread + centre for centre in ([-8, 0], [8, 3])]
    codes = np.concatenate(halves).astype("float32")
    mixture = LatentMixture.fit(codes)
    assert str(mixture) == "2 Gaussians"
    drawn = mixture.sample(5000, seed=1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), rtol=0.1, atol=0.3)
    right = drawn[drawn[:, 0] > 0]
    np.testing.assert_allclose(np.cov(right.T), spread.T @ spread, atol=0.15)


def test_the_prior_is_standard_normal() -> None:
    drawn = LatentMixture.standard(3).sample(20_000, seed=0)
    np.testing.assert_allclose(drawn.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), np.eye(3), atol=0.05)


def test_distances_are_those_of_their_definitions() -> None:
    torch.manual_seed(0)
    real, near, far = torch.randn(2000, 4), torch.randn(2000, 4), torch.randn(2000, 4) + 1
    real = real / real.square().mean().sqrt()
    alike, apart = image_quality(real, near), image_quality(real, far)
    # Between Gaussians of equal covariance the distance is that of the means, squared.
    shift = (real.mean(0) - far.mean(0)).square().sum().item()
    assert apart.fid == pytest.approx(shift, rel=0.02)
    assert alike.fid < 0.05
    assert abs(alike.kid) < 2 * alike.kid_std + 1e-3
    assert apart.kid > 0.5
    assert image_quality(real, far) == apart


def test_a_vae_is_sampled_from_its_prior(cli: Cli) -> None:
    latentune.search("conv-vae", "digits", trials=1, epochs=1, batch_size=200)
    latentune.train("conv-vae-digits", epochs=1, pictures="none")
    answer = cli("sample", "conv-vae-digits", "--method", "prior", "--n", 70, "--seed", 4)
    assert answer.code == 0, answer.err
    samples = Path("runs/conv-vae-digits/final/samples")
    with np.load(samples / "prior-codes.npz") as file:
        codes = file["codes"]
    np.testing.assert_array_equal(codes, LatentMixture.standard(codes.shape[1]).sample(70, 4))
    rated = json.loads((samples / "quality.json").read_text())
    assert set(rated["rows"]) == {"prior", "real", "reconstructed"}
    assert rated["winner"] is None
    assert cli("interpolate", "conv-vae-digits").code == 0


def test_samples_of_few_images_without_labels_are_not_rated(cli: Cli) -> None:
    rng = np.random.default_rng(0)
    folder = Path("photos")
    folder.mkdir()
    for i in range(30):
        Image.fromarray(rng.integers(0, 255, (8, 8), dtype="uint8")).save(folder / f"{i}.png")
    latentune.search("conv-ae", "photos", trials=1, epochs=1)
    latentune.train("conv-ae-photos", epochs=1)
    samples = latentune.sample("conv-ae-photos", methods=["gaussian"], n=20)
    assert list(samples.densities) == ["gaussian"]
    assert samples.ratings is None
    assert "65 are needed" in samples.unrated
    assert cli("map", "conv-ae-photos", "--n", 10).code == 0


def test_maps_show_codes_by_class_and_repeat(cli: Cli, trained: Path) -> None:
    answer = cli("map", "conv-ae-digits", "--n", 60, "--seed", 1)
    assert answer.code == 0, answer.err
    for name in ("pca", "tsne"):
        assert shows(FINAL / "maps" / f"{name}.png") > (500, 500)
        first = pd.read_csv(FINAL / "maps" / f"{name}.csv")
        assert len(first) == 60
        assert set(first["class"]) <= set(range(10))
        assert cli("map", "conv-ae-digits", "--n", 60, "--seed", 1).code == 0
        pd.testing.assert_frame_equal(pd.read_csv(FINAL / "maps" / f"{name}.csv"), first)
    assert cli("map", "conv-ae-digits", "--n", 60, "--seed", 2).code == 0
    assert not pd.read_csv(FINAL / "maps" / "pca.csv").equals(first)


def test_interpolation_goes_from_one_image_to_the_other(
    cli: Cli, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = {}

    def keep(images: torch.Tensor, title: str, path: Path) -> None:
        drawn[path.name] = images

    monkeypatch.setattr("latentune.studies.use.interpolate.plot_image_grid", keep)
    latentune.interpolate("conv-ae-digits", images=(3, 14))
    model = latentune.load_model("conv-ae-digits")
    ends = latentune.TensorData("digits").splits.val.inputs[[3, 14]]
    with torch.inference_mode():
        torch.testing.assert_close(drawn["images.png"][[0, -1]], model(ends))
    latentune.interpolate("conv-ae-digits")
    assert len(drawn["codes.png"]) == len(drawn["images.png"]) == 60


def test_trials_begin_with_the_best_of_another_study(cli: Cli, trained: Path) -> None:
    best = "runs/conv-ae-digits/best.toml"
    words = ("search", "conv-ae", "digits", "--name", "second", "--epochs", 1)
    answer = cli(*words, "--trials", 2, "--enqueue", best, "--no-default-first")
    assert answer.code == 0, answer.err
    expected = latentune.load_best(best).params
    json_text = cli("export", "second", "--format", "json").out
    assert json.loads(json_text)["trials"][0]["params"] == expected
    # Asked for again, it is not tried again.
    assert cli(*words, "--trials", 3, "--enqueue", best, "--no-default-first").code == 0
    trials = json.loads(cli("export", "second", "--format", "json").out)["trials"]
    assert [trial["params"] == expected for trial in trials] == [True, False, False]


def test_training_begins_with_given_weights(trained: Path) -> None:
    first = json.loads((FINAL / "metrics.json").read_text())["val_mse"]
    start = str(FINAL / "model.ckpt")
    cold = latentune.train("conv-ae-digits:0", epochs=1, pictures="none").metrics["val_mse"]
    best = latentune.load_best("conv-ae-digits").trial
    metrics = latentune.train(
        f"conv-ae-digits:{best}", epochs=1, init_from=start, pictures="none"
    ).metrics
    assert metrics["init_from"] == start
    assert metrics["val_mse"] < first
    assert cold > 0


def rated(fid: float, spread: float, on_test: float = 1.0) -> SamplerRating:
    return SamplerRating(
        ImageQuality(fid, spread, 0.0, 0.0), ImageQuality(on_test, spread, 0.0, 0.0)
    )


def test_a_method_wins_on_the_validation_part_if_its_interval_does_not_overlap() -> None:
    assert find_winner({"a": rated(1.0, 0.1, on_test=9.0), "b": rated(2.0, 0.1)}) == "a"
    assert find_winner({"a": rated(1.0, 0.3), "b": rated(2.0, 0.3)}) is None
    assert find_winner({"a": rated(1.0, 0.1)}) is None


def test_ratings_have_a_scale(cli: Cli, trained: Path) -> None:
    answer = cli("sample", "conv-ae-digits", "--n", 300)
    assert answer.code == 0, answer.err
    table = json.loads((FINAL / "samples" / "quality.json").read_text())
    real = table["rows"]["real"]["test"]
    assert real["fid"] == min(row["test"]["fid"] for row in table["rows"].values())
    assert real["fid_std"] > 0
    assert f"{real['fid']:.2f} ± {real['fid_std']:.2f}" in answer.out
    assert 0.1 < float(table["features"].removeprefix("a classifier with test accuracy ")) <= 1


def test_a_few_samples_are_not_rated(cli: Cli, trained: Path) -> None:
    shutil.rmtree("runs/cache/features")
    answer = cli("sample", "conv-ae-digits", "--n", 20, "--method", "gaussian")
    assert answer.code == 0, answer.err
    assert "not rated: there are 20 samples, and 65 are needed" in answer.out
    assert not Path("runs/cache/features").exists(), "no network was trained for nothing"


def test_the_fingerprint_of_a_part_differs_from_that_of_all_data() -> None:
    splits = latentune.TensorData("digits").splits
    fewer = type(splits.train)(splits.train.inputs[:100], splits.train.targets[:100])
    assert splits.with_parts(train=fewer).fingerprint != splits.fingerprint
    assert splits.with_parts().fingerprint == splits.fingerprint
