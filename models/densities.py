"""Densities of latent codes (Gaussian kernels and mixtures), from which new codes are sampled."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.float32]

N_FOLDS = 5  # of cross-validation, and therefore the fewest codes
COMPONENT_CHOICES = (2, 5, 10, 20, 40)
MIN_DEVIATION = 1e-6
"""The standard deviation of a dimension in which all codes are equal."""
MIN_MIXTURE_CODES = 5 * COMPONENT_CHOICES[0]
"""The smallest number of codes for which a mixture can choose its number of components."""


class Density(ABC):
    """Base class of densities of latent codes. A subclass is a dataclass of arrays and numbers."""

    @abstractmethod
    def sample(self, n: int, seed: int = 0) -> Codes:
        """Returns n random codes, with shape (n, D)."""

    @abstractmethod
    def log_density(self, codes: Codes) -> NDArray[np.float64]:
        """Returns the natural logarithm of the density at codes (N, D), with shape (N,)."""

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the attributes to an .npz file as plain arrays."""
        arrays: dict[str, Any] = {n: value for n, value in vars(self).items() if value is not None}
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Returns the density in a file that `save` wrote; nothing is unpickled."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{n: array if array.ndim else array.item() for n, array in arrays.items()})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


@dataclass(frozen=True, repr=False)
class LatentKDE(Density):
    """A Gaussian kernel density of latent codes, or of their first K principal components.

    Attributes:
        points: The centers of the kernels, with shape (N, K).
        bandwidth: Standard deviation of the kernels, in the unit of the points.
        components: Orthonormal principal axes, with shape (K, D); None if all D dimensions are
            used.
        mean: Mean of the codes, with shape (D,); None if all D dimensions are used.

    References:
        Remarks on Some Nonparametric Estimates of a Density Function (Rosenblatt, 1956)
        On Estimation of a Probability Density Function and Mode (Parzen, 1962)

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(100, 2))
        >>> latentune.LatentKDE.fit(codes).sample(5).shape
        (5, 2)
    """

    points: Codes
    bandwidth: float
    components: Codes | None = None
    mean: Codes | None = None

    @classmethod
    def fit(
        cls,
        codes: Codes,
        *,
        n_components: int | None = None,
        n_search: int = 1000,
        seed: int = 0,
    ) -> Self:
        """Returns a density of `codes`; 5-fold cross-validation chooses the best of 20 bandwidths.

        The 20 bandwidths are evenly spread on a log scale. They go from a tenth to ten times the
        order of magnitude of the codes. If the smallest or largest one is best, the range moves by
        a factor of 10 in that direction, up to three times.

        Args:
            codes: Latent codes, with shape (N, D), where N is at least 5.
            n_components: Number of principal components K that the density is fitted to. If None,
                it is fitted to the codes themselves.
            n_search: Number of codes in the search for the bandwidth. The time of the search grows
                with the square of this number. The final density has a kernel for every code.
            seed: Seed of the random choice of these codes.

        Raises:
            ValueError: If there are too few codes.
        """
        if len(codes) < N_FOLDS:
            raise ValueError(
                f"codes (={len(codes)}) must be at least {N_FOLDS} to cross-validate on."
            )
        components = mean = None
        points = codes
        if n_components is not None:
            from sklearn.decomposition import PCA

            with np.errstate(invalid="ignore"):  # equal codes have no variance to explain
                pca = PCA(n_components, random_state=seed).fit(codes)
            components, mean = pca.components_.astype("float32"), pca.mean_.astype("float32")
            points = pca.transform(codes).astype("float32")
        subset = np.random.default_rng(seed).permutation(len(points))[:n_search]
        return cls(points, _best_bandwidth(points[subset]), components, mean)

    def sample(self, n: int, seed: int = 0) -> Codes:
        """Returns n random codes, with shape (n, D)."""
        from sklearn.neighbors import KernelDensity

        density = KernelDensity(bandwidth=self.bandwidth).fit(self.points)
        points: Codes = density.sample(n, random_state=seed).astype("float32")
        if self.components is None or self.mean is None:
            return points
        return points @ self.components + self.mean

    def log_density(self, codes: Codes) -> NDArray[np.float64]:
        """Returns the log density at codes (N, D), with shape (N,).

        With principal components, it is the density of the components alone. It is larger than a
        density of all dimensions and cannot be compared with one.
        """
        from sklearn.neighbors import KernelDensity

        if self.components is not None and self.mean is not None:
            codes = ((codes - self.mean) @ self.components.T).astype("float32")
        density = KernelDensity(bandwidth=self.bandwidth, rtol=1e-4).fit(self.points)
        found: NDArray[np.float64] = density.score_samples(codes)
        return found

    def __str__(self) -> str:
        return f"bandwidth {self.bandwidth:.3f} on {len(self.points):,} codes"


def order_of_magnitude(codes: Codes) -> NDArray[np.float64]:
    """Returns, for each dimension of codes (N, D), the power of ten nearest to its deviation."""
    spread = codes.std(0, dtype=float) * (codes.min(0) < codes.max(0))
    return np.where(spread > 0, 10.0 ** np.log10(np.where(spread > 0, spread, 1)).round(), 0)


def _best_bandwidth(points: Codes) -> float:
    from sklearn.model_selection import GridSearchCV
    from sklearn.neighbors import KernelDensity

    scale = float(order_of_magnitude(points).max()) or 1.0
    scaled, exponent = points / np.asarray(scale, points.dtype), 0
    for _ in range(4):
        bandwidths = np.logspace(exponent - 1, exponent + 1, 20)
        search = GridSearchCV(KernelDensity(), {"bandwidth": bandwidths}, cv=N_FOLDS).fit(scaled)
        if 0 < search.best_index_ < len(bandwidths) - 1:
            break
        exponent += 1 if search.best_index_ else -1
    return float(scale * search.best_params_["bandwidth"])


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


DENSITIES: dict[str, Callable[[Any, Codes, int], Density]] = {
    "prior": lambda model, codes, seed: model.prior(),
    "kde": lambda model, codes, seed: LatentKDE.fit(codes, seed=seed),
    "pca-kde": lambda model, codes, seed: LatentKDE.fit(codes, n_components=2, seed=seed),
    "gaussian": lambda model, codes, seed: LatentMixture.fit(codes, n_components=1, seed=seed),
    "mixture": lambda model, codes, seed: LatentMixture.fit(codes, seed=seed),
}
"""Functions by name, which return a density, given a model, its latent codes (N, D) and a seed."""

MIN_CODES = {"kde": N_FOLDS, "pca-kde": N_FOLDS, "gaussian": 2, "mixture": MIN_MIXTURE_CODES}
"""The smallest number of codes that each density can be fitted to. A prior needs no codes."""
