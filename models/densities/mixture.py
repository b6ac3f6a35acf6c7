"""LatentMixture: a mixture of Gaussians, as a density of latent codes."""

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .density import Codes, Density, order_of_magnitude

COMPONENT_CHOICES = (2, 5, 10, 20, 40)
MIN_DEVIATION = 1e-6
"""The standard deviation of a dimension in which all codes are equal."""
MIN_MIXTURE_CODES = 5 * COMPONENT_CHOICES[0]
"""The smallest number of codes for which a mixture can choose its number of components."""


@dataclass(frozen=True, repr=False)
class LatentMixture(Density):
    """A mixture of K Gaussians, as a density of latent codes of length D.

    Attributes:
        weights: Weight of each component, with shape (K,).
        means: Mean of each component, with shape (K, D).
        covariances: Covariance of each component, with shape (K, D, D).

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
        """Returns the standard normal density, which is the prior of a variational autoencoder."""
        return cls(np.ones(1), np.zeros((1, latent_dim)), np.eye(latent_dim)[None])

    @classmethod
    def fit(cls, codes: Codes, *, n_components: int | None = None, seed: int = 0) -> Self:
        """Returns a mixture, fitted to `codes` by expectation maximization.

        The fit adds 1e-4 to each variance. All dimensions are first scaled to the same order of
        magnitude, so that 1e-4 is small for all of them.

        Args:
            codes: Latent codes, with shape (N, D). N is at least 2. With several components, N is
                at least `MIN_MIXTURE_CODES`.
            n_components: Number of components K. If None, it is 2, 5, 10, 20 or 40: the number
                with the lowest Bayesian information criterion (Schwarz, 1978). Numbers that are
                too large for N are not tried.
            seed: Seed of the initial components.

        Raises:
            ValueError: If there are too few codes.
        """
        from sklearn.mixture import GaussianMixture

        fewest = max(2, n_components or MIN_MIXTURE_CODES)
        if len(codes) < fewest:
            raise ValueError(f"codes (={len(codes)}) must be at least {fewest} for a mixture.")
        scale = order_of_magnitude(codes)
        scaled = codes / np.where(scale > 0, scale, 1).astype(codes.dtype)
        counts = (
            [n_components]
            if n_components
            else [k for k in COMPONENT_CHOICES if 5 * k <= len(codes)]
        )
        with warnings.catch_warnings(action="ignore"):  # about codes that are equal
            fits = [
                GaussianMixture(k, random_state=seed, reg_covar=1e-4).fit(scaled) for k in counts
            ]
        best = fits[0] if len(fits) == 1 else min(fits, key=lambda fit: fit.bic(scaled))
        means = np.where(scale > 0, best.means_ * scale, codes.mean(0, dtype=float))
        return cls(best.weights_, means, best.covariances_ * scale * scale[:, None])

    def sample(self, n: int, seed: int = 0) -> Codes:
        """Returns n random codes, with shape (n, D)."""
        rng = np.random.default_rng(seed)
        component = rng.choice(len(self.weights), size=n, p=self.weights / self.weights.sum())
        noise = rng.standard_normal((n, self.means.shape[1], 1))
        spread = self._cholesky_factors()[component] @ noise
        return (self.means[component] + spread[..., 0]).astype("float32")

    def log_density(self, codes: Codes) -> NDArray[np.float64]:
        """Returns the log density at codes (N, D), with shape (N,)."""
        from scipy.linalg import solve_triangular
        from scipy.special import logsumexp

        terms = []
        for weight, mean, factor in zip(
            self.weights, self.means, self._cholesky_factors(), strict=True
        ):
            # A dimension without variance is a narrow one, so that a density exists.
            factor = factor + np.diag(np.where(np.diag(factor) > 0, 0, MIN_DEVIATION))
            standardized = solve_triangular(factor, (codes - mean).T, lower=True)
            constant = np.log(np.diag(factor)).sum() + len(mean) * np.log(2 * np.pi) / 2
            terms.append(np.log(weight) - constant - (standardized**2).sum(0) / 2)
        found: NDArray[np.float64] = logsumexp(terms, axis=0)
        return found

    def _cholesky_factors(self) -> NDArray[np.float64]:
        """Returns the Cholesky factors of the covariances.

        Covariances may be singular. The factors are computed from correlations, so that they exist
        for variances of any size.
        """
        deviations = np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))
        divisors = np.where(deviations > 0, deviations, 1)
        correlations = self.covariances / divisors[:, :, None] / divisors[:, None]
        diagonal = np.arange(divisors.shape[1])
        correlations[:, diagonal, diagonal] = 1
        factors: NDArray[np.float64] = deviations[:, :, None] * np.linalg.cholesky(correlations)
        return factors

    def __str__(self) -> str:
        count = len(self.weights)
        return "one Gaussian" if count == 1 else f"{count} Gaussians"
