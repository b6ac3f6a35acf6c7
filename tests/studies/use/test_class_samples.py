"""`sample --class`: samples of one class or of each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import latentune
from latentune import TensorData
from latentune.models.densities.mixture import LatentMixture
from latentune.studies.use.class_samples import ClassSamples
from latentune.studies.use.trained_network import load_trained_network


def test_each_class_is_sampled_from_its_own_codes(cli: Callable[..., Any], trained: Path) -> None:
    answer = cli("sample", "conv-ae-digits", "--class", "all", "--n", 200, "--method", "gaussian")
    assert "one Gaussian" in answer.out
    folder = Path("runs/conv-ae-digits/final/class-samples")
    assert (folder / "samples.png").exists()
    saved = np.load(folder / "codes.npz")
    assert list(np.unique(saved["classes"])) == [str(digit) for digit in range(10)]
    codes, targets = load_trained_network("conv-ae-digits", "runs").codes("train")
    assert targets is not None
    for digit in (0, 7):
        own = codes[targets.numpy() == digit]
        found = saved["codes"][saved["classes"] == str(digit)]
        assert len(found) == 200
        error = own.std(0) / 200**0.5
        assert (np.abs(found.mean(0) - own.mean(0)) < 5 * error).all()
        density = LatentMixture.load(folder / f"class-{digit}.npz")
        np.testing.assert_allclose(density.means[0], own.mean(0), rtol=1e-4, atol=1e-4)


def test_one_class_is_rated_by_its_test_images(trained: Path) -> None:
    report = latentune.sample("conv-ae-digits", class_name="3", n=100)
    assert isinstance(report, ClassSamples)
    assert list(report.table.index) == ["3"]
    count = (TensorData("digits").splits.train.targets == 3).sum().item()
    assert report.table.loc["3", "training items"] == count
    assert np.isfinite(report.table.loc["3", "KID, test"])
    assert np.isnan(report.table.loc["3", "FID, test"])
    assert "FID needs more than 64 test images of a class" in str(report)


def test_what_is_no_class_is_refused(refused: Callable[..., str], trained: Path) -> None:
    words = ("sample", "conv-ae-digits", "--class")
    assert "digits has no class '33'; did you mean '3'?" in refused(*words, "33")
    assert "name one method" in refused(*words, "3", "--method", "kde", "--method", "gaussian")
    assert "name one method" in refused(*words, "3", "--method", "prior")
    assert "its density needs 100" not in refused(*words, "zero")
    np.save("rows.npy", np.random.default_rng(0).normal(size=(40, 4)))
    latentune.search("dense-ae", "rows.npy", trials=1, epochs=1)
    latentune.train("dense-ae-rows", epochs=1, pictures="none")
    with pytest.raises(latentune.LatentuneError, match="needs 4 latent dimensions, not 2"):
        _sample_short_codes()
    assert "rows.npy has no classes to sample" in refused(
        "sample", "dense-ae-rows", "--class", "1"
    )


def test_a_class_with_few_items_is_named() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    np.savez("few.npz", x=x, y=np.r_[np.zeros(54, int), np.ones(6, int)])
    latentune.search("dense-ae", "few.npz", trials=1, epochs=1)
    latentune.train("dense-ae-few", epochs=1, pictures="none")
    with pytest.raises(latentune.LatentuneError, match=r"class 1 has \d training items, and its"):
        latentune.sample("dense-ae-few", class_name="1", methods=["mixture"])
    found = latentune.sample("dense-ae-few", class_name="all", n=5)
    assert list(found.table.index) == ["0", "1"]
    assert found.unrated == "the data are not images"


def _sample_short_codes() -> None:
    """Samples a class by principal components of codes of two numbers."""
    latentune.search(
        "conv-ae", "digits", name="two", trials=1, epochs=1, ranges={"latent_dim": "2:2"}
    )
    latentune.train("two", epochs=1, pictures="none")
    latentune.sample("two", class_name="3", methods=["pca-kde"], n=5)
