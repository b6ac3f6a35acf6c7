"""Labels that the nearest neighbors of an item contradict."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .baselines import Rows
from .neighbor_index import NeighborIndex, Neighbors

VOTERS = 20
"""Number of nearest neighbors that vote for the class of an item."""
COMPARED = 5
"""Number of nearest items of a class whose mean distance is the distance to the class."""

Classes = NDArray[np.int64]


class Contradictions(NamedTuple):
    """Items that have another label than most of their neighbors; the likeliest errors first.

    Attributes:
        indices: Indices of the items, with shape (n,).
        suggested: The class that most neighbors have, with shape (n,).
        agreeing: Share of neighbors that have the label of the item, with shape (n,).
        suggesting: Share of neighbors that have the suggested class, with shape (n,).
        ratio: The distance to the items of the label, divided by that to the items of the
            suggested class, with shape (n,); infinite if no other item has the label.
        neighbors: The nearest neighbors of the items.
    """

    indices: NDArray[np.int64]
    suggested: Classes
    agreeing: NDArray[np.float64]
    suggesting: NDArray[np.float64]
    ratio: NDArray[np.float64]
    neighbors: Neighbors


def find_contradictions(codes: Rows, labels: Classes) -> Contradictions:
    """Returns the items whose label is not that of most of their nearest neighbors.

    The neighbors of an item are the 20 nearest other items, so that its own label has no vote.
    Items with fewer agreeing neighbors come first, and among them those with a larger ratio of
    distances.

    Args:
        codes: Latent codes, with shape (N, D).
        labels: Their classes, with shape (N,).

    References:
        Identifying Mislabeled Training Data (Brodley, Friedl, 1999)
    """
    voters = min(VOTERS, len(codes) - 1)
    neighbors = NeighborIndex(codes).find_others(voters)
    rows = np.arange(len(labels))
    votes = np.zeros((len(labels), labels.max() + 1), dtype=np.int64)
    np.add.at(votes, (rows[:, None], labels[neighbors.indices]), 1)
    suggested = votes.argmax(1)
    agreeing, suggesting = votes[rows, labels], votes[rows, suggested]
    found = np.flatnonzero(agreeing < suggesting)
    own, other = (_distances_to_classes(codes, labels, found, to) for to in (labels, suggested))
    ratio = own / np.maximum(other, np.finfo(float).tiny)
    order = np.lexsort((-ratio, agreeing[found]))
    found = found[order]
    return Contradictions(
        found,
        suggested[found],
        agreeing[found] / voters,
        suggesting[found] / voters,
        ratio[order],
        Neighbors(neighbors.distances[found], neighbors.indices[found]),
    )


def _distances_to_classes(
    codes: Rows, labels: Classes, items: NDArray[np.int64], classes: Classes
) -> NDArray[np.float64]:
    """Returns the mean distance of each of the `items` to the nearest other items of a class.

    `classes` has this class for each of the N items of `codes`.
    """
    means = np.full(len(items), np.inf)
    for label in np.unique(classes[items]):
        chosen, members = classes[items] == label, np.flatnonzero(labels == label)
        queries = items[chosen]
        found = NeighborIndex(codes[members]).find(codes[queries], min(COMPARED + 1, len(members)))
        is_other = members[found.indices] != queries[:, None]
        counted = is_other & (np.cumsum(is_other, axis=1) <= COMPARED)
        totals, counts = (found.distances * counted).sum(1), counted.sum(1)
        means[chosen] = np.divide(
            totals, counts, out=np.full(len(queries), np.inf), where=counts > 0
        )
    return means
