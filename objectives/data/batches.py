"""Batches cut from tensors that stay on the device, or from photographs decoded meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any, TypeVar

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from ...models.networks.standardize import cast_input
from ...models.predictor import Predictor
from .parts import Part, to_float
from .preparation.augmentation import RandomAugmentation

if TYPE_CHECKING:
    from .parts import Items

EVALUATION_BATCH_SIZE = 1000  # without gradients, larger batches fit and are faster
MAX_BATCH_VALUES = 2**24  # at most in such a batch: a thousand photographs would not fit

C = TypeVar("C")
R = TypeVar("R")


class Batches:
    """Iterates over batches, each a slice of every column; bytes become values in [0, 1].

    Photographs of the next batch are decoded while the one before is used.

    Args:
        columns: Inputs, and what goes with them, such as targets, all of the same length N.
        batch_size: Length of a batch; the last one may be shorter, but not one item alone, of
            which a layer could make no statistics: it then joins the batch before.
        shuffle: Whether each pass takes a new order, drawn from torch's global generator.
        weights: With shape (N,): how often each item is drawn, in proportion. Each pass then
            draws N items anew, some of them several times. If None, each comes once.
        augment: Cuts the images of a batch at random, drawn from the same generator.
        device: Where inputs are moved that are not there yet; None leaves them.
    """

    def __init__(
        self,
        columns: tuple[Items, ...],
        batch_size: int,
        shuffle: bool,
        weights: Tensor | None = None,
        augment: RandomAugmentation | None = None,
        device: torch.device | None = None,
    ) -> None:
        self.columns, self.batch_size, self.shuffle = columns, batch_size, shuffle
        self.weights, self.augment, self.device = weights, augment, device

    def __len__(self) -> int:
        return len(self._slices)

    @property
    def _slices(self) -> list[slice]:
        n, size = len(self.columns[0]), self.batch_size
        ends = [*range(size, n, size), n]
        if len(ends) > 1 and n - ends[-2] == 1 < size:
            del ends[-2]
        return [slice(start, end) for start, end in pairwise([0, *ends])]

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        # Drawn on the CPU, so that a seed means the same order on every device.
        n = len(self.columns[0])
        order = torch.randperm(n) if self.shuffle else None
        if self.weights is not None:
            order = torch.multinomial(self.weights, n, replacement=True)
        for inputs, *others in zip(
            *(self._column_batches(c, order) for c in self.columns), strict=True
        ):
            batch = inputs if self.augment is None else self.augment(inputs)
            yield to_float(batch if self.device is None else batch.to(self.device)), *others

    def _column_batches(self, column: Items, order: Tensor | None) -> Iterator[Any]:
        indices: Iterable[Any] = self._slices
        if order is not None:
            on_device = order.to(column.device) if isinstance(column, Tensor) else order
            indices = (on_device[cut] for cut in indices)
        if isinstance(column, Tensor):
            return map(column.__getitem__, indices)
        if self.augment is None:
            return prefetch(column.__getitem__, indices)
        short_side, photos = self.augment.short_side, column
        return prefetch(lambda cut: photos.whole(cut, short_side), indices)


def prefetch(read: Callable[[C], R], indices: Iterable[C]) -> Iterator[R]:
    """Gives what is read of each cut; the next one is read while the one before is used."""
    with ThreadPoolExecutor(1) as thread:
        pending: Future[R] | None = None
        for cut in indices:
            next_batch = thread.submit(read, cut)
            if pending is not None:
                yield pending.result()
            pending = next_batch
        if pending is not None:
            yield pending.result()


class DeviceDataModule(pl.LightningDataModule):
    """Parts of a data set that stay on the device, of which batches are slices.

    Attributes:
        batch_size: Length of a training batch.
        weights: How often each item is trained on, if not once an epoch; see `Batches`.
        augment: Cuts the images of training batches at random, if that was asked for.
    """

    batch_size: int
    weights: Tensor | None = None
    augment: RandomAugmentation | None = None

    def __init__(self) -> None:
        super().__init__()
        self._device_columns: dict[str, tuple[Items, ...]] = {}

    def move_to_device(self, part: str, inputs: Items, targets: Tensor | None) -> None:
        """Moves `train`, `val` or `test` to the trainer's device, where it stays.

        Photographs too large for memory go there batch by batch.

        Args:
            part: Name of the part.
            inputs: Its items.
            targets: Their targets, if any.
        """
        inputs = inputs.to(self.device) if isinstance(inputs, Tensor) else inputs
        self._device_columns[part] = (
            (inputs,) if targets is None else (inputs, targets.to(self.device))
        )

    def train_dataloader(self) -> Batches:
        columns, device = self._device_columns["train"], self.device
        return Batches(columns, self.batch_size, True, self.weights, self.augment, device)

    def val_dataloader(self) -> Batches:
        return self._evaluation_batches("val")

    def test_dataloader(self) -> Batches:
        return self._evaluation_batches("test")

    def _evaluation_batches(self, part: str) -> Batches:
        columns = self._device_columns[part]
        return Batches(columns, evaluation_batch_size(columns[0]), False, device=self.device)

    @property
    def device(self) -> torch.device:
        """The trainer's device; the CPU without one."""
        return torch.device("cpu") if self.trainer is None else self.trainer.strategy.root_device


def cast_to_model_precision(model: nn.Module, part: Part) -> Part:
    """Returns a part in the precision that a network reads.

    Rows and numbers to predict are in float64. A network of somebody else, which neither
    standardizes rows nor predicts numbers as ours do, gets them as float32.
    """
    inputs, targets = part.inputs, part.targets
    if isinstance(inputs, Tensor):
        inputs = cast_input(model, inputs)
    if targets is not None and targets.is_floating_point() and not isinstance(model, Predictor):
        targets = targets.float()
    return Part(inputs, targets, part.rows)


def choose_batch_size(batch_size: int | None, n: int, max_size: int, steps: int) -> int:
    """Returns a batch size: the one asked for, or one that gives an epoch enough steps.

    It is 2 at least, because a layer can make no statistics of one item alone.

    Args:
        batch_size: What was asked for, if anything.
        n: Number of items to train on.
        max_size: The size for large data.
        steps: Steps that an epoch shall have at least.
    """
    return max(2, min(max_size, n // steps)) if batch_size is None else batch_size


def evaluation_batch_size(items: Items) -> int:
    """Returns how many items make a batch where nothing is trained."""
    return max(1, min(EVALUATION_BATCH_SIZE, MAX_BATCH_VALUES // max(1, prod(items.shape[1:]))))


def apply_in_batches(function: Callable[[Tensor], Tensor], whole: Items) -> Tensor:
    """Applies a function to many items part by part, without gradients.

    Args:
        function: Maps a tensor of length N to another of length N; it gets floats.
        whole: Any length along the first dimension, from 1.
    """
    with torch.inference_mode():
        batches = Batches((whole,), evaluation_batch_size(whole), shuffle=False)
        return torch.cat([function(batch) for (batch,) in batches]).clone()
