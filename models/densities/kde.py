"""Kernel density estimation over latent codes: a sampler for any trained autoencoder."""

from dataclasses import dataclass
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.float32]

FOLDS = 5  # of cross-validation, and therefore the fewest codes


@dataclass(frozen=True)
class LatentKDE:
    """A Gaussian kernel density of codes, or of their first principal components.

    Attributes:
        points: The centers of the kernels, with shape (N, K).
        bandwidth: Standard deviation of the kernels, in units of the points.
        components: Orthonormal principal axes, with shape (K, D), or None if K is D.
        mean: Mean of the codes, with shape (D,), or None if K is D.

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
        """Fits a density with the best of 20 bandwidths under 5-fold cross-validation.

        The candidates are evenly spread on a log scale, from a tenth to ten times the order of
        magnitude of the codes. If the first or the last one is best, the search moves on by a
        factor of 10, up to three times.

        Args:
            codes: Codes, with shape (N, D) and N at least 5.
            n_components: Number of principal components K that the density is fitted to, or None
                to fit it to the codes as they are.
            n_search: Number of codes that the bandwidth search uses, because its time grows with
                their square. All codes carry a kernel in the end.
            seed: Seed of the codes that the search uses.

        Raises:
            ValueError: If there are too few codes.
        """
        if len(codes) < FOLDS:
            raise ValueError(
                f"codes (={len(codes)}) must be at least {FOLDS} to cross-validate on."
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
        """Samples n codes, with shape (n, D)."""
        from sklearn.neighbors import KernelDensity

        density = KernelDensity(bandwidth=self.bandwidth).fit(self.points)
        points: Codes = density.sample(n, random_state=seed).astype("float32")
        if self.components is None or self.mean is None:
            return points
        return points @ self.components + self.mean

    def save(self, path: str | PathLike[str]) -> None:
        """Writes plain arrays to an .npz file."""
        arrays: dict[str, Any] = {"points": self.points, "bandwidth": self.bandwidth}
        if self.components is not None:
            arrays |= {"components": self.components, "mean": self.mean}
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Reads a file that `save` has written, without unpickling anything."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(
                arrays["points"],
                float(arrays["bandwidth"]),
                arrays.get("components"),
                arrays.get("mean"),
            )

    def __repr__(self) -> str:
        return f"LatentKDE({self})"

    def __str__(self) -> str:
        return f"bandwidth {self.bandwidth:.3f} on {len(self.points):,} codes"


def order_of_magnitude(codes: Codes) -> NDArray[np.float64]:
    """Returns the power of ten nearest to the deviation of each dimension of codes (N, D)."""
    spread = codes.std(0, dtype=float) * (codes.min(0) < codes.max(0))
    return np.where(spread > 0, 10.0 ** np.log10(np.where(spread > 0, spread, 1)).round(), 0)


def _best_bandwidth(points: Codes) -> float:
    """Returns the bandwidth with the highest likelihood under cross-validation."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.neighbors import KernelDensity

    scale = float(order_of_magnitude(points).max()) or 1.0
    scaled, exponent = points / np.asarray(scale, points.dtype), 0
    for _ in range(4):
        bandwidths = np.logspace(exponent - 1, exponent + 1, 20)
        search = GridSearchCV(KernelDensity(), {"bandwidth": bandwidths}, cv=FOLDS).fit(scaled)
        if 0 < search.best_index_ < len(bandwidths) - 1:
            break
        exponent += 1 if search.best_index_ else -1
    return float(scale * search.best_params_["bandwidth"])
