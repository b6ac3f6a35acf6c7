"""Anomaly scores of latent codes: how far a code is from those of the training items."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ...models.densities.density import Density
from ...models.densities.methods import DENSITIES, MIN_CODES
from .anomaly_score_names import DENSITY, MAHALANOBIS, NEIGHBORS
from .neighbor_index import NeighborIndex

Codes = NDArray[np.float32]
CodeScorer = Callable[[Codes], NDArray[np.float64]]
"""Maps latent codes (N, D) to scores (N,). A larger score is more anomalous."""

K_NEIGHBORS = 5
MIN_CODE_COUNT = 10
"""The fewest training codes that codes are scored by."""
CANDIDATES = ("gaussian", "mixture", "kde")
"""The densities that are compared: those that are fitted in seconds."""


def best_density(codes: Codes, held_out: Codes, seed: int = 0) -> Density:
    """Returns the density of `codes` with the largest likelihood of other codes, `held_out`."""
    names = [name for name in CANDIDATES if len(codes) >= MIN_CODES[name]]
    fits = [DENSITIES[name](None, codes, held_out, seed) for name in names]
    return max(fits, key=lambda density: density.log_density(held_out).mean())


def density_scorer(codes: Codes, held_out: Codes) -> CodeScorer:
    """Returns a function that scores codes by minus their log density; see `best_density`.

    References:
        Deep Autoencoding Gaussian Mixture Model for Unsupervised Anomaly Detection (Zong et al.,
        2018)
    """
    density = best_density(codes, held_out)
    return lambda queries: -density.log_density(queries)


def neighbor_scorer(codes: Codes, held_out: Codes) -> CodeScorer:
    """Returns a function that scores codes by their mean distance to the 5 nearest of `codes`.

    References:
        Fast Outlier Detection in High Dimensional Spaces (Angiulli, Pizzuti, 2002)
    """
    index = NeighborIndex(codes)
    return lambda queries: index.find(queries, K_NEIGHBORS).distances.mean(1)


def mahalanobis_scorer(codes: Codes, held_out: Codes) -> CodeScorer:
    """Returns a function that scores codes by their Mahalanobis distance to the mean of `codes`.

    The covariance is shrunk towards a multiple of the identity, so that it has an inverse.

    References:
        On the Generalised Distance in Statistics (Mahalanobis, 1936)
        A Well-Conditioned Estimator for Large-Dimensional Covariance Matrices (Ledoit, Wolf, 2004)
    """
    from sklearn.covariance import LedoitWolf

    fitted = LedoitWolf().fit(codes)
    return lambda queries: np.sqrt(fitted.mahalanobis(queries))


LATENT_SCORES: Mapping[str, Callable[[Codes, Codes], CodeScorer]] = {
    DENSITY: density_scorer,
    NEIGHBORS: neighbor_scorer,
    MAHALANOBIS: mahalanobis_scorer,
}
"""Functions by name, which return a scorer, given training codes and validation codes."""
