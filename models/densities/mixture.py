"""Gaussian mixtures over latent codes; one component is a plain Gaussian, such as a prior."""

import warnings
from dataclasses import dataclass
from os import PathLike
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .kde import Codes, order_of_magnitude

COMPONENTS = (2, 5, 10, 20, 40)
MIN_MIXTURE_CODES = 5 * COMPONENTS[0]
"""The fewest codes that a number of components can be chosen from."""


@dataclass(frozen=True)
class LatentMixture:
    """A mixture of K Gaussians over codes of length D.

    Attributes:
        weights: Share of each component, with shape (K,).
        means: Their means, with shape (K, D).
        covariances: Their covariances, with shape (K, D, D).

    References:
        Maximum Likelihood from Incomplete Data via the EM Algorithm (Dempster, Laird, Rubin, 1977)
        From Variational to Deterministic Autoencoders (Ghosh et al., 2020): mixtures over codes

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(100, 2))
        >>> latentune.LatentMixture.fit(codes).sample(5).shape
        (5, 2)
    """

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]

    @classmethod
    def standard(cls, latent_dim: int) -> Self:
        """Returns the standard normal density, the prior of a variational autoencoder."""
        return cls(np.ones(1), np.zeros((1, latent_dim)), np.eye(latent_dim)[None])

    @classmethod
    def fit(cls, codes: Codes, *, n_components: int | None = None, seed: int = 0) -> Self:
        """Fits a mixture by expectation maximization.

        All dimensions are first scaled to one order of magnitude, so that the 1e-4 that is added
        to each variance is small.

        Args:
            codes: Codes, with shape (N, D). N is at least 2, or `MIN_MIXTURE_CODES` for several
                components.
            n_components: Number of components K. If None, the one of 2, 5, 10, 20 and 40 with
                the lowest Bayesian information criterion (Schwarz, 1978), as far as N allows.
            seed: Seed of the initial guess.

        Raises:
            ValueError: If there are too few codes.
        """
        from sklearn.mixture import GaussianMixture

        fewest = max(2, n_components or MIN_MIXTURE_CODES)
        if len(codes) < fewest:
            raise ValueError(f"codes (={len(codes)}) must be at least {fewest} for a mixture.")
        scale = order_of_magnitude(codes)
        scaled = codes / np.where(scale > 0, scale, 1).astype(codes.dtype)
        counts = [n_components] if n_components else [k for k in COMPONENTS if 5 * k <= len(codes)]
        with warnings.catch_warnings(action="ignore"):  # about codes that are equal
            fits = [
                GaussianMixture(k, random_state=seed, reg_covar=1e-4).fit(scaled) for k in counts
            ]
        best = fits[0] if len(fits) == 1 else min(fits, key=lambda fit: fit.bic(scaled))
        means = np.where(scale > 0, best.means_ * scale, codes.mean(0, dtype=float))
        return cls(best.weights_, means, best.covariances_ * scale * scale[:, None])

    def sample(self, n: int, seed: int = 0) -> Codes:
        """Samples n codes, with shape (n, D)."""
        rng = np.random.default_rng(seed)
        component = rng.choice(len(self.weights), size=n, p=self.weights / self.weights.sum())
        noise = rng.standard_normal((n, self.means.shape[1], 1))
        spread = self._cholesky_factors()[component] @ noise
        return (self.means[component] + spread[..., 0]).astype("float32")

    def _cholesky_factors(self) -> NDArray[np.float64]:
        """Returns the Cholesky factors of the covariances, which may be singular.

        The factors are computed from correlations, so that they exist for variances of any size.
        """
        deviations = np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))
        divisors = np.where(deviations > 0, deviations, 1)
        correlations = self.covariances / divisors[:, :, None] / divisors[:, None]
        diagonal = np.arange(divisors.shape[1])
        correlations[:, diagonal, diagonal] = 1
        factors: NDArray[np.float64] = deviations[:, :, None] * np.linalg.cholesky(correlations)
        return factors

    def save(self, path: str | PathLike[str]) -> None:
        """Writes plain arrays to an .npz file."""
        np.savez_compressed(
            path, weights=self.weights, means=self.means, covariances=self.covariances
        )

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Reads a file that `save` has written, without unpickling anything."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["weights"], arrays["means"], arrays["covariances"])

    def __repr__(self) -> str:
        return f"LatentMixture({self})"

    def __str__(self) -> str:
        count = len(self.weights)
        return "one Gaussian" if count == 1 else f"{count} Gaussians"
