"""Nearest neighbours: what codes say of classes, with nothing to train."""

import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.roles import Encodes
from ..data.batches import in_batches
from ..data.labelled import labelled

LABELLED = 100
DRAWS = 10
MOST = 10_000
CHUNK = 1024


def neighbour_accuracy(
    known: Tensor, classes: Tensor, asked: Tensor, right: Tensor, draws: int = DRAWS
) -> tuple[float, float]:
    """Returns how often the nearest of 100 labelled items has the right class: mean and deviation.

    The labelled items are drawn without replacement, anew each time; all are asked.

    Args:
        known: Codes to draw labelled ones from, with shape (N, D).
        classes: Their classes, with shape (N,).
        asked: Codes whose class is asked, with shape (M, D).
        right: Their classes, with shape (M,).
        draws: How often labelled items are drawn, each with a seed of its own.

    References:
        Nearest Neighbor Pattern Classification (Cover, Hart, 1967)
    """
    shares = []
    for seed in range(draws):
        order = torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))
        chosen = order[:LABELLED]
        nearest = torch.cdist(asked, known[chosen]).argmin(1)
        shares.append((classes[chosen][nearest] == right).float().mean())
    found = torch.stack(shares)
    return found.mean().item(), found.std(correction=0).item()


def nearest_accuracy(known: Tensor, classes: Tensor, asked: Tensor, right: Tensor) -> float:
    """Returns how often the nearest of all labelled items has the right class.

    Args:
        known: Codes of labelled items, with shape (N, D).
        classes: Their classes, with shape (N,).
        asked: Codes whose class is asked, with shape (M, D).
        right: Their classes, with shape (M,).
    """
    chunks = torch.split(asked, CHUNK)  # all distances at once would be gigabytes
    nearest = torch.cat([torch.cdist(chunk, known).argmin(1) for chunk in chunks])
    return (classes[nearest] == right).float().mean().item()


class NeighbourProbe(pl.Callback):
    """Logs `val_knn` and `test_knn`: the accuracy of nearest neighbours among codes.

    The labels come from the training part, and stand behind codes of the same network; the model
    must encode, and the data have labels.
    """

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.ask("val", trainer, pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.ask("test", trainer, pl_module)

    def ask(self, part: str, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        """Logs what the neighbours of the codes of a part say."""
        few = LABELLED * DRAWS  # of which each draw takes its own
        mean, _ = neighbour_accuracy(*_codes(trainer, model, part, few))
        model.log(f"{part}_knn", mean)


class NearestNeighbour(NeighbourProbe):
    """Logs `val_nearest` and `test_nearest`: the same with all labels of the training part.

    In validation, which comes after each epoch, with 10,000 at most.
    """

    def ask(self, part: str, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        most = MOST if part == "val" else None
        model.log(f"{part}_nearest", nearest_accuracy(*_codes(trainer, model, part, most)))


def _codes(
    trainer: pl.Trainer, model: pl.LightningModule, part: str, most: int | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns codes and classes of training items, and of the items of a part."""
    assert isinstance(model, Encodes)
    # Lightning sets it for whoever trains on a data module, and does not declare it.
    splits = labelled(trainer.datamodule).splits  # type: ignore[attr-defined]
    known, asked = splits.train, getattr(splits, part)
    few = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))[:most]
    known = known.take(few.tolist())
    assert known.targets is not None

    def encode(x: Tensor) -> Tensor:
        return model.encode(x.to(model.device)).flatten(1).cpu()

    return (
        in_batches(encode, known.inputs),
        known.targets,
        in_batches(encode, asked.inputs),
        asked.targets,
    )
