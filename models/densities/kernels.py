"""LatentKDE: Gaussian kernels around latent codes."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .density import Codes, Density, order_of_magnitude

N_FOLDS = 5  # of cross-validation, and therefore the fewest codes


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
