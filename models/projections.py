"""Projections of latent codes to two dimensions, by name."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .densities.density import Codes

Projection = NDArray[np.float32]


def pca(codes: Codes, seed: int) -> Projection:
    """Projects latent codes (N, D) to their first two principal components.

    References:
        On Lines and Planes of Closest Fit to Systems of Points in Space (Pearson, 1901)
    """
    from sklearn.decomposition import PCA

    points: Projection = PCA(2, random_state=seed).fit_transform(codes)
    return points


def tsne(codes: Codes, seed: int) -> Projection:
    """Projects latent codes (N, D) to two dimensions by t-SNE, so that neighbors stay neighbors.

    References:
        Visualizing Data using t-SNE (van der Maaten, Hinton, 2008)
    """
    from sklearn.manifold import TSNE

    perplexity = min(30, (len(codes) - 1) / 3)
    points: Projection = TSNE(perplexity=perplexity, random_state=seed).fit_transform(codes)
    return points


def umap(codes: Codes, seed: int) -> Projection:
    """Projects latent codes (N, D) to two dimensions by UMAP, from the package umap-learn.

    References:
        UMAP: Uniform Manifold Approximation and Projection (McInnes, Healy, Melville, 2018)
    """
    from umap import UMAP

    points: Projection = UMAP(random_state=seed, n_jobs=1).fit_transform(codes)
    return points


PROJECTIONS: dict[str, Callable[[Codes, int], Projection]] = {
    "pca": pca,
    "tsne": tsne,
    "umap": umap,
}
TITLES = {"pca": "Principal components", "tsne": "t-SNE", "umap": "UMAP"}
