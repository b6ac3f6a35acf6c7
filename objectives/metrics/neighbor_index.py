"""NeighborIndex: finds the nearest of many rows of numbers, such as latent codes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..progress import progress
from .baselines import Rows

CHUNK = 1024


class Neighbors(NamedTuple):
    """The nearest rows of each query, the nearest first.

    Attributes:
        distances: Euclidean distances, with shape (M, k).
        indices: Indices of the rows, with shape (M, k).
    """

    distances: NDArray[np.float64]
    indices: NDArray[np.int64]

    def precision(self, classes: NDArray[np.int64], query_classes: NDArray[np.int64]) -> float:
        """Returns the share of neighbors that have the class of their query, from 0 to 1.

        Args:
            classes: The classes of the indexed rows, with shape (N,).
            query_classes: The classes of the queries, with shape (M,).
        """
        return float((classes[self.indices] == query_classes[:, None]).mean())


class NeighborIndex:
    """An index of rows (N, F): scikit-learn's `NearestNeighbors` with distances to all digits.

    The mean of the rows is subtracted, because scikit-learn subtracts squared lengths, which would
    lose the digits of small distances. The distances of the neighbors found are computed again, so
    that the distance of equal rows is 0.
    """

    def __init__(self, rows: Rows) -> None:
        from sklearn.neighbors import NearestNeighbors

        self._mean = rows.mean(axis=0, dtype=np.float64)
        self._rows = self._center(rows)
        self._index = NearestNeighbors().fit(self._rows)

    def find(self, queries: Rows, k: int) -> Neighbors:
        """Returns the `k` nearest rows of each of the queries (M, F)."""
        centered = self._center(queries)
        return self._exact(centered, self._index.kneighbors(centered, k)[1])

    def find_others(self, k: int) -> Neighbors:
        """Returns the `k` nearest other rows of each row; `k` is at most N - 1."""
        with progress(f"comparing {len(self._rows):,} items with each other"):
            return self._exact(self._rows, self._index.kneighbors(None, k)[1])

    def _center(self, rows: Rows) -> Rows:
        centered: Rows = (rows - self._mean).astype(rows.dtype)
        return centered

    def _exact(self, queries: Rows, indices: NDArray[np.int64]) -> Neighbors:
        distances = np.empty(indices.shape)
        for start in range(0, len(queries), CHUNK):
            chunk = slice(start, start + CHUNK)
            differences = self._rows[indices[chunk]] - queries[chunk, None].astype(np.float64)
            distances[chunk] = np.linalg.norm(differences, axis=2)
        order = np.argsort(distances, axis=1, kind="stable")
        return Neighbors(
            np.take_along_axis(distances, order, 1), np.take_along_axis(indices, order, 1)
        )
