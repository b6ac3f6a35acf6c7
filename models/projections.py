"""Codes on a plane, by name: each places codes of any length where they can be drawn."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .densities.kde import Codes

Projection = NDArray[np.float32]


def pca(codes: Codes, seed: int) -> Projection:
    """Projects codes, with shape (N, D), onto their first two principal components.

    References:
        On Lines and Planes of Closest Fit to Systems of Points in Space (Pearson, 1901)
    """
    from sklearn.decomposition import PCA

    found: Projection = PCA(2, random_state=seed).fit_transform(codes)
    return found


def tsne(codes: Codes, seed: int) -> Projection:
    """Places codes, with shape (N, D), so that neighbours stay neighbours.

    References:
        Visualizing Data using t-SNE (van der Maaten, Hinton, 2008)
    """
    from sklearn.manifold import TSNE

    perplexity = min(30, (len(codes) - 1) / 3)
    found: Projection = TSNE(perplexity=perplexity, random_state=seed).fit_transform(codes)
    return found


def umap(codes: Codes, seed: int) -> Projection:
    """Places codes, with shape (N, D), by UMAP, which must be installed (umap-learn).

    References:
        UMAP: Uniform Manifold Approximation and Projection (McInnes, Healy, Melville, 2018)
    """
    from umap import UMAP

    found: Projection = UMAP(random_state=seed, n_jobs=1).fit_transform(codes)
    return found


PROJECTIONS: dict[str, Callable[[Codes, int], Projection]] = {
    "pca": pca,
    "tsne": tsne,
    "umap": umap,
}
TITLES = {"pca": "Principal components", "tsne": "t-SNE", "umap": "UMAP"}
