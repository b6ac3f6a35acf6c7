"""Nearest neighbors of codes: measures how well codes separate classes, without training."""

from collections.abc import Sequence

import torch
from torch import Tensor

N_LABELS = 100
LABEL_DRAWS = 10
CHUNK = 1024


def knn_accuracy(
    known: Tensor, classes: Tensor, queries: Tensor, query_classes: Tensor, neighbors: int = 1
) -> float:
    """Returns the accuracy of a majority vote of the nearest labeled items.

    If classes have equally many votes, the class with nearer items wins.

    Args:
        known: Codes of labeled items, with shape (N, D).
        classes: Their classes, with shape (N,).
        queries: Codes of other items, with shape (M, D).
        query_classes: Their true classes, with shape (M,).
        neighbors: Number of neighbors that vote, from 1 to N.

    References:
        Nearest Neighbor Pattern Classification (Cover, Hart, 1967)
    """
    ranks = torch.arange(neighbors) / neighbors**2  # together too small to decide a vote
    predicted = []
    for chunk in torch.split(queries, CHUNK):  # all distances at once would take gigabytes
        nearest = distances(chunk, known).topk(neighbors, largest=False).indices
        votes = torch.zeros(len(chunk), int(classes.max()) + 1)
        votes.scatter_add_(1, classes[nearest], (1 - ranks).expand(len(chunk), -1))
        predicted.append(votes.argmax(1))
    return (torch.cat(predicted) == query_classes).float().mean().item()


def distances(codes: Tensor, others: Tensor) -> Tensor:
    """Returns the distances between codes (N, D) and others (M, D), with shape (N, M).

    They are computed in float64 and relative to the mean: PyTorch subtracts squares, and a large
    mean would cancel the digits of small distances.
    """
    exact = others.double()
    mean = exact.mean(0)
    return torch.cdist(codes.double() - mean, exact - mean)


def few_label_accuracies(
    known: Tensor,
    classes: Tensor,
    queries: Tensor,
    query_classes: Tensor,
    *,
    labels: int = N_LABELS,
    seeds: Sequence[int] = range(LABEL_DRAWS),
    neighbors: int = 1,
) -> list[float]:
    """Returns `knn_accuracy` with `labels` labeled items, for each seed.

    The labeled items are sampled without replacement, at the same indices for the same seed and N.
    """
    accuracies = []
    for seed in seeds:
        order = torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))
        few = order[:labels]
        accuracy = knn_accuracy(known[few], classes[few], queries, query_classes, neighbors)
        accuracies.append(accuracy)
    return accuracies
