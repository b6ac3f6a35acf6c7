"""The flow of latent codes, and how densities are compared by other codes."""

from pathlib import Path

import numpy as np
import pytest

import latentune
from latentune import LatentFlow, LatentKDE, LatentMixture
from latentune.objectives.metrics.code_quality import code_quality

RNG = np.random.default_rng(0)


def rings(n: int) -> np.ndarray:
    """Codes on a ring, far from zero and of two scales."""
    angles, radius = RNG.uniform(0, 2 * np.pi, n), RNG.normal(3, 0.2, n)
    ring = np.stack([np.cos(angles), np.sin(angles)], 1) * radius[:, None]
    return (ring * [1, 100] + [5, -70]).astype("float32")


@pytest.fixture(scope="module")
def flow() -> LatentFlow:
    return LatentFlow.fit(rings(1500), rings(300), max_epochs=25)


def test_a_flow_fits_what_a_gaussian_does_not(flow: LatentFlow) -> None:
    test = rings(1000)
    gaussian = LatentMixture.fit(rings(1500), n_components=1)
    assert flow.log_density(test).mean() > gaussian.log_density(test).mean() + 0.5
    samples = (flow.sample(2000) - [5, -70]) / [1, 100]
    assert np.linalg.norm(samples, axis=1).mean() == pytest.approx(3, abs=0.3)


def test_its_density_is_one_in_total(flow: LatentFlow) -> None:
    x, y = np.meshgrid(np.linspace(-2, 12, 300), np.linspace(-770, 630, 300))
    grid = np.stack([x.ravel(), y.ravel()], 1).astype("float32")
    cell = (14 / 299) * (1400 / 299)
    assert np.exp(flow.log_density(grid)).sum() * cell == pytest.approx(1, abs=0.03)


def test_a_saved_flow_is_the_same(flow: LatentFlow, tmp_path: Path) -> None:
    flow.save(tmp_path / "flow.npz")
    loaded = LatentFlow.load(tmp_path / "flow.npz")
    np.testing.assert_array_equal(loaded.sample(5, seed=3), flow.sample(5, seed=3))
    assert str(loaded) == str(flow)


def test_a_seed_gives_one_flow_and_too_few_codes_none() -> None:
    codes = rings(150)
    first, second = (LatentFlow.fit(codes, codes, max_epochs=1) for _ in range(2))
    np.testing.assert_array_equal(first.weights, second.weights)
    with pytest.raises(ValueError, match=r"codes \(=99\) must be at least 100 for a flow"):
        LatentFlow.fit(codes[:99], codes)


def test_kernels_that_are_too_narrow_make_copies() -> None:
    train, test = rings(400), rings(400)
    narrow, wide = LatentKDE(train, 1e-4), LatentMixture.fit(train, n_components=1)
    sampled = {"narrow": narrow.sample(500), "wide": wide.sample(500), "test": rings(500)}
    found = code_quality(
        {"narrow": narrow, "wide": wide, "test": wide}, sampled, train=train, test=test
    )
    assert found["narrow"].copies == 1
    assert found["narrow"].distance < 0.1
    assert found["test"].distance == pytest.approx(1, abs=0.1)
    assert found["wide"].distance > 2
    assert found["wide"].copies < 0.05
    assert found["test"].copies == pytest.approx(0.01, abs=0.02)
    assert found["narrow"].log_density < found["wide"].log_density  # type: ignore[operator]
    expected = wide.log_density(test).mean()
    assert found["wide"].log_density == pytest.approx(expected)


def test_samples_of_a_network_are_compared_by_the_codes_of_its_test_items(trained: Path) -> None:
    found = latentune.sample("conv-ae-digits", methods=["kde", "pca-kde", "flow"], n=200)
    assert list(found.fits) == ["kde", "pca-kde", "flow"]
    assert found.fits["pca-kde"].log_density is None
    assert "neural spline flow" in str(found)
    assert "log density of test codes" in str(found)
    assert (found.folder / "flow-samples.png").exists()
