"""Nearest neighbours: what codes say of classes, with nothing to train."""

from collections.abc import Sequence
from statistics import fmean

import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.roles import Encodes
from ..data.batches import apply_in_batches
from ..data.preparation.require_labels import require_labels

N_LABELS = 100
DRAWS = 10
MOST = 10_000
CHUNK = 1024


def knn_accuracy(
    known: Tensor, classes: Tensor, queries: Tensor, right: Tensor, neighbors: int = 1
) -> float:
    """Returns how often most of the nearest labelled items are of the right class.

    Of classes with as many of them, the one whose are nearer counts.

    Args:
        known: Codes of labelled items, with shape (N, D).
        classes: Their classes, with shape (N,).
        queries: Codes whose class is asked, with shape (M, D).
        right: Their classes, with shape (M,).
        neighbors: How many are asked, from 1 to N.

    References:
        Nearest Neighbor Pattern Classification (Cover, Hart, 1967)
    """
    ranks = torch.arange(neighbors) / neighbors**2  # all of them together decide no vote
    said = []
    for chunk in torch.split(queries, CHUNK):  # all distances at once would be gigabytes
        nearest = distances(chunk, known).topk(neighbors, largest=False).indices
        votes = torch.zeros(len(chunk), int(classes.max()) + 1)
        votes.scatter_add_(1, classes[nearest], (1 - ranks).expand(len(chunk), -1))
        said.append(votes.argmax(1))
    return (torch.cat(said) == right).float().mean().item()


def distances(codes: Tensor, others: Tensor) -> Tensor:
    """Returns the distance of each code from each of the others, with shape (N, M).

    They are computed in float64 and around the mean of the others: PyTorch takes the difference of
    squares, in which a large mean would leave no digits of small distances.

    Args:
        codes: With shape (N, D).
        others: With shape (M, D).
    """
    wide = others.double()
    mean = wide.mean(0)
    return torch.cdist(codes.double() - mean, wide - mean)


def few_label_accuracies(
    known: Tensor,
    classes: Tensor,
    queries: Tensor,
    right: Tensor,
    *,
    labels: int = N_LABELS,
    seeds: Sequence[int] = range(DRAWS),
    neighbors: int = 1,
) -> list[float]:
    """Returns that accuracy where few items are labelled, for each seed that draws them.

    They are drawn without replacement: the same places for the same seed and number of items.

    Args:
        known: Codes to draw labelled ones from, with shape (N, D).
        classes: Their classes, with shape (N,).
        queries: Codes whose class is asked, with shape (M, D).
        right: Their classes, with shape (M,).
        labels: How many are drawn, all if there are fewer.
        seeds: A seed for each draw.
        neighbors: How many are asked; at most as many as are drawn.
    """
    found = []
    for seed in seeds:
        order = torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))
        few = order[:labels]
        found.append(knn_accuracy(known[few], classes[few], queries, right, neighbors))
    return found


class NeighborProbe(pl.Callback):
    """Logs `val_probe` and `test_probe`: the accuracy of the nearest of 100 labelled codes.

    It is the mean of ten draws. The labels come from the training part, and stand behind codes of
    the same network; the model must encode, and the data have labels.
    """

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._log_accuracy("val", trainer, pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._log_accuracy("test", trainer, pl_module)

    def _log_accuracy(self, part: str, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        """Logs what the neighbours of the codes of a part say."""
        few = N_LABELS * DRAWS  # of which each draw takes its own
        model.log(f"{part}_probe", fmean(few_label_accuracies(*_codes(trainer, model, part, few))))


class NearestNeighbor(NeighborProbe):
    """Logs `val_nearest` and `test_nearest`: the same with all labels of the training part.

    In validation, which comes after each epoch, with 10,000 at most.
    """

    def _log_accuracy(self, part: str, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        most = MOST if part == "val" else None
        model.log(f"{part}_nearest", knn_accuracy(*_codes(trainer, model, part, most)))


def _codes(
    trainer: pl.Trainer, model: pl.LightningModule, part: str, most: int | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns codes and classes of training items, and of the items of a part."""
    assert isinstance(model, Encodes)
    # Lightning sets it for whoever trains on a data module, and does not declare it.
    splits = require_labels(trainer.datamodule).splits  # type: ignore[attr-defined]
    known, queries = splits.train, getattr(splits, part)
    few = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))[:most]
    known = known.take(few.tolist())
    assert known.targets is not None

    def encode(x: Tensor) -> Tensor:
        return model.encode(x.to(model.device)).flatten(1).cpu()

    return (
        apply_in_batches(encode, known.inputs),
        known.targets,
        apply_in_batches(encode, queries.inputs),
        queries.targets,
    )
