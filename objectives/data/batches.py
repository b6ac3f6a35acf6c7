"""Batches cut from tensors that stay on the device: nothing happens item by item."""

from collections.abc import Callable, Iterator

import pytorch_lightning as pl
import torch
from torch import Tensor

from .parts import floats

EVALUATION = 1000  # without gradients, larger batches fit and are faster


class Batches:
    """Iterates over batches, each a slice of every tensor; bytes become values in [0, 1].

    Args:
        tensors: Tensors of the same length N, such as inputs and targets.
        batch_size: Length of a batch; the last one may be shorter.
        shuffle: Whether each pass takes a new order, drawn from torch's global generator.
        weights: With shape (N,): how often each item is drawn, in proportion. Each pass then
            draws N items anew, some of them several times. If None, each comes once.
    """

    def __init__(
        self,
        tensors: tuple[Tensor, ...],
        batch_size: int,
        shuffle: bool,
        weights: Tensor | None = None,
    ) -> None:
        self.tensors, self.batch_size, self.shuffle = tensors, batch_size, shuffle
        self.weights = weights

    def __len__(self) -> int:
        return -(-len(self.tensors[0]) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        n, device = len(self.tensors[0]), self.tensors[0].device
        # Drawn on the CPU, so that a seed means the same order on every device.
        order = torch.randperm(n).to(device) if self.shuffle else None
        if self.weights is not None:
            order = torch.multinomial(self.weights, n, replacement=True).to(device)
        for start in range(0, n, self.batch_size):
            batch = slice(start, start + self.batch_size)
            yield tuple(floats(t[batch if order is None else order[batch]]) for t in self.tensors)


class ResidentData(pl.LightningDataModule):
    """Parts of a data set that stay on the device, of which batches are slices.

    Attributes:
        batch_size: Length of a training batch.
        weights: How often each item is trained on, if not once an epoch; see `Batches`.
    """

    batch_size: int
    weights: Tensor | None = None

    def __init__(self) -> None:
        super().__init__()
        self._resident: dict[str, tuple[Tensor, ...]] = {}

    def keep(self, part: str, tensors: tuple[Tensor, ...]) -> None:
        """Moves `train`, `val` or `test` to the trainer's device, where it stays.

        Args:
            part: Name of the part.
            tensors: Tensors of the same length, such as inputs and targets.
        """
        device = torch.device("cpu") if self.trainer is None else self.trainer.strategy.root_device
        self._resident[part] = tuple(tensor.to(device) for tensor in tensors)

    def train_dataloader(self) -> Batches:
        return Batches(self._resident["train"], self.batch_size, True, self.weights)

    def val_dataloader(self) -> Batches:
        return Batches(self._resident["val"], EVALUATION, shuffle=False)

    def test_dataloader(self) -> Batches:
        return Batches(self._resident["test"], EVALUATION, shuffle=False)


def fitting(batch_size: int | None, n: int, most: int, steps: int) -> int:
    """Returns a batch size: the one asked for, or one that gives an epoch enough steps.

    Args:
        batch_size: What was asked for, if anything.
        n: Number of items to train on.
        most: The size for large data.
        steps: Steps that an epoch shall have at least.
    """
    return max(1, min(most, n // steps)) if batch_size is None else batch_size


def in_batches(function: Callable[[Tensor], Tensor], whole: Tensor) -> Tensor:
    """Applies a function to a long tensor part by part, without gradients.

    Args:
        function: Maps a tensor of length N to another of length N; it gets floats.
        whole: Any length along the first dimension, from 1.
    """
    with torch.inference_mode():
        parts = [function(floats(batch)) for batch in torch.split(whole, EVALUATION)]
        return torch.cat(parts).clone()
