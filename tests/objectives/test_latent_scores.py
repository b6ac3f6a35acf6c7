"""Anomaly scores of latent codes, corrupted items and error maps, beside other computations."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.metrics import roc_auc_score

import latentune
from latentune import DataSpec
from latentune.models.densities.kernels import LatentKDE
from latentune.models.densities.mixture import LatentMixture
from latentune.objectives.metrics.anomaly_scorer import available_scores
from latentune.objectives.metrics.error_maps import error_maps
from latentune.objectives.metrics.latent_scores import (
    K_NEIGHBORS,
    best_density,
    mahalanobis_scorer,
    neighbor_scorer,
)
from latentune.objectives.metrics.synthetic_anomalies import CORRUPTIONS

RNG = np.random.default_rng(0)
CODES = RNG.normal(size=(300, 3)).astype("float32") @ np.diag([1, 5, 0.2]).astype("float32") + 2
QUERIES = RNG.normal(size=(40, 3)).astype("float32") * 3


def test_the_density_of_a_mixture_is_that_of_its_gaussians() -> None:
    mixture = LatentMixture.fit(CODES, n_components=3)
    parts = zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    logs = [np.log(w) + multivariate_normal(m, c).logpdf(QUERIES) for w, m, c in parts]
    expected = np.logaddexp.reduce(logs, axis=0)
    np.testing.assert_allclose(mixture.log_density(QUERIES), expected, rtol=1e-6)


def test_the_density_of_kernels_is_their_mean() -> None:
    kde = LatentKDE.fit(CODES)
    width = kde.bandwidth**2 * np.eye(3)
    logs = [multivariate_normal(point, width).logpdf(QUERIES) for point in CODES]
    expected = np.logaddexp.reduce(logs, axis=0) - np.log(len(CODES))
    np.testing.assert_allclose(kde.log_density(QUERIES), expected, rtol=1e-3)


def test_codes_that_never_change_have_a_density() -> None:
    codes = np.c_[CODES, np.full(300, 7, "float32")]
    mixture = LatentMixture.fit(codes, n_components=1)
    near, far = codes[:1], codes[:1] + np.array([0, 0, 0, 1], "float32")
    assert mixture.log_density(near) > mixture.log_density(far)


def test_the_density_that_fits_other_codes_is_chosen() -> None:
    rings = RNG.normal(size=(600, 2))
    rings = (rings / np.linalg.norm(rings, axis=1, keepdims=True) * 5).astype("float32")
    assert isinstance(best_density(rings[:400], rings[400:]), LatentKDE | LatentMixture)
    assert len(getattr(best_density(CODES[:200], CODES[200:]), "weights", [])) == 1
    chosen = best_density(rings[:400], rings[400:]).log_density(rings[400:]).mean()
    one = LatentMixture.fit(rings[:400], n_components=1).log_density(rings[400:]).mean()
    assert chosen > one + 0.5


def test_scores_of_distances_are_those_of_numpy() -> None:
    distances = np.linalg.norm(QUERIES[:, None].astype(float) - CODES[None], axis=2)
    expected = np.sort(distances, axis=1)[:, :K_NEIGHBORS].mean(1)
    np.testing.assert_allclose(neighbor_scorer(CODES, CODES)(QUERIES), expected, rtol=1e-5)
    codes = RNG.multivariate_normal([1, 2], [[2, 1], [1, 2]], 5000).astype("float32")
    queries = RNG.normal(size=(40, 2)).astype("float32") * 3
    inverse, centered = np.linalg.inv(np.cov(codes.T.astype(float))), queries - codes.mean(0)
    exact = np.sqrt(np.einsum("nd,de,ne->n", centered, inverse, centered))
    np.testing.assert_allclose(mahalanobis_scorer(codes, codes)(queries), exact, rtol=0.01)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_corruption_changes_every_item_and_depends_on_the_seed(kind: str) -> None:
    shape = (1, 9, 7) if kind == "image" else (6,)
    items = torch.rand(50, *shape)
    for corrupt in CORRUPTIONS[kind].values():  # type: ignore[index]
        first, again, other = (corrupt(items, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
        assert torch.equal(first, again)
        assert first.shape == items.shape
        assert (first != items).flatten(1).any(1).all()
        if corrupt.__name__ != "blur":
            assert not torch.equal(first, other)


class Keeps:
    """Reconstructs everything but what is bright."""

    def reconstruct(self, x: torch.Tensor) -> torch.Tensor:
        return x.clamp(max=0.5)


def test_the_error_map_shows_where_a_square_was_planted() -> None:
    images, mask = torch.rand(20, 3, 28, 28) / 2, torch.zeros(20, 28, 28)
    for number in range(20):
        top, left = RNG.integers(0, 22, 2)
        mask[number, top : top + 6, left : left + 6] = 1
    images = torch.where(mask[:, None] > 0, 1.0, images)
    maps = error_maps(Keeps(), images)  # type: ignore[arg-type]
    assert maps.shape == (20, 28, 28)
    assert roc_auc_score(mask.flatten(), maps.flatten()) > 0.98


def test_a_model_has_the_scores_that_its_methods_allow() -> None:
    images = DataSpec((1, 16, 16))
    latent = ["density", "neighbors", "mahalanobis"]
    assert available_scores(latentune.Autoencoder(images), 100) == ["error", *latent]
    assert available_scores(latentune.VAE(images), 100) == ["error", "elbo", *latent]
    assert available_scores(latentune.VAE(images), 9) == ["error", "elbo"]
    assert available_scores(latentune.GAN(images), 100) == []
