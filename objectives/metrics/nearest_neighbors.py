"""Nearest neighbors of codes: measures how well codes separate classes, without training."""

from collections.abc import Sequence
from statistics import fmean

import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.roles import Encodes
from ..data.batches import apply_in_batches
from ..data.preparation.labels import require_labels

N_LABELS = 100
LABEL_DRAWS = 10
MAX_ITEMS = 10_000
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


class NeighborProbe(pl.Callback):
    """Logs `val_probe` and `test_probe`: the accuracy of the nearest of 100 labeled codes.

    It is the mean over ten samples of labeled training items. The model must encode, and the data
    must have labels.
    """

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._log_accuracy("val", trainer, pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._log_accuracy("test", trainer, pl_module)

    def _log_accuracy(self, part: str, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        codes = _encode_parts(trainer, model, part, N_LABELS * LABEL_DRAWS)
        model.log(f"{part}_probe", fmean(few_label_accuracies(*codes)))


class NearestNeighbor(NeighborProbe):
    """Logs `val_nearest` and `test_nearest`: the accuracy of the nearest training item.

    In validation, which follows each epoch, at most 10,000 training items are used.
    """

    def _log_accuracy(self, part: str, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        most = MAX_ITEMS if part == "val" else None
        model.log(f"{part}_nearest", knn_accuracy(*_encode_parts(trainer, model, part, most)))


def _encode_parts(
    trainer: pl.Trainer, model: pl.LightningModule, part: str, most: int | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns codes and classes of at most `most` training items, and of all items of a part."""
    assert isinstance(model, Encodes)
    # Lightning sets it if a data module is used, but does not declare it.
    splits = require_labels(trainer.datamodule).splits  # type: ignore[attr-defined]
    known, queries = splits.train, getattr(splits, part)
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))[:most]
    known = known.take(order.tolist())
    assert known.targets is not None

    def encode(x: Tensor) -> Tensor:
        return model.encode(x.to(model.device)).flatten(1).cpu()

    return (
        apply_in_batches(encode, known.inputs),
        known.targets,
        apply_in_batches(encode, queries.inputs),
        queries.targets,
    )
