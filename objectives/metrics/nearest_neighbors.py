"""Nearest neighbors of latent codes, which tell how well codes separate classes."""

from collections.abc import Sequence

import torch
from torch import Tensor

N_LABELS = 100
LABEL_DRAWS = 10
CHUNK = 1024


def knn_accuracy(
    known: Tensor, classes: Tensor, queries: Tensor, query_classes: Tensor, neighbors: int = 1
) -> float:
    """Returns the accuracy of the classes that the nearest labeled items vote for.

    If classes have the same number of votes, the class with the nearer items wins.

    Args:
        known: Latent codes of labeled items, with shape (N, D).
        classes: Classes of the labeled items, with shape (N,).
        queries: Latent codes of the items to classify, with shape (M, D).
        query_classes: True classes of the items to classify, with shape (M,).
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
    """Returns the distances (N, M) between two sets of latent codes, (N, D) and (M, D).

    They are computed in float64 after the mean is subtracted. PyTorch subtracts squared lengths,
    which would lose the digits of small distances if the mean is large.
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
    """Returns `knn_accuracy` for each seed, with `labels` labeled items.

    The seed samples these items from `known` without replacement. The same seed and N give the
    same indices.
    """
    accuracies = []
    for seed in seeds:
        order = torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))
        few = order[:labels]
        accuracy = knn_accuracy(known[few], classes[few], queries, query_classes, neighbors)
        accuracies.append(accuracy)
    return accuracies
