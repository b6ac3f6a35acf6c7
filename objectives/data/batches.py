"""Iterates over batches of a data set, and applies functions to all of its items in batches."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, TypeVar

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from ...models.batch_groups import BatchGroups
from ...models.growing_tensor import GrowingTensor
from ...models.networks.standardize import cast_input
from ...models.pixels import to_float
from ...models.predictor import Predictor
from .parts import Items, Part
from .preparation.augmentation import RandomAugmentation
from .preparation.binarization import RandomBinarization

EVALUATION_BATCH_SIZE = 1000  # without gradients, larger batches fit in memory and are faster
MAX_BATCH_VALUES = 2**24  # a thousand photographs would not fit
GROUP_SIZE = 16
MAX_GROUPED_BATCH_VALUES = 2**14
"""Batches with more values are not grouped, because the hooks between them cost little."""

RandomChange = RandomAugmentation | RandomBinarization
"""What changes the images of a training batch at random."""

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


@dataclass(eq=False)
class Batches:
    """An iterable of batches; each is a tuple with a slice of every column.

    Inputs are floats in a batch: bytes are scaled to [0, 1]. While a batch is used, a thread
    decodes the images of the next batch if images are decoded on demand.

    Args:
        columns: The inputs, and other tensors with one value per input, such as targets. All have
            length N.
        batch_size: Number of items in a batch. The last batch may be smaller. A single last item
            joins the batch before, because batch normalization cannot train on one item.
        shuffle: Whether each epoch has a new random order, from torch's global random generator.
        weights: Sampling weights of shape (N,). Each epoch then samples N items with replacement.
            If None, each item comes once.
        augment: Changes the inputs of a batch, with torch's global random generator.
        device: The device that inputs are moved to. If None, they are not moved.
        encode: Maps the inputs of a batch to latent codes. No gradients are computed.
    """

    columns: tuple[Items, ...]
    batch_size: int
    shuffle: bool
    weights: Tensor | None = None
    augment: RandomChange | None = None
    device: torch.device | None = None
    encode: Callable[[Tensor], Tensor] | None = None

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
        # The order is sampled on the CPU, so that a seed gives the same order on every device.
        n = len(self.columns[0])
        order = torch.randperm(n) if self.shuffle else None
        if self.weights is not None:
            order = torch.multinomial(self.weights, n, replacement=True)
        columns = (self._column_batches(column, order) for column in self.columns)
        for inputs, *others in zip(*columns, strict=True):
            batch = inputs if self.augment is None else self.augment(inputs)
            batch = to_float(batch if self.device is None else batch.to(self.device))
            if self.encode is not None:
                with torch.no_grad():
                    batch = self.encode(batch)
            yield batch, *others

    def _column_batches(self, column: Items, order: Tensor | None) -> Iterator[Any]:
        indices: Iterable[Any] = self._slices
        if order is not None:
            order = order.to(column.device) if isinstance(column, Tensor) else order
            indices = map(order.__getitem__, indices)
        if isinstance(column, Tensor):
            return map(column.__getitem__, indices)
        if not isinstance(self.augment, RandomAugmentation):
            return prefetch(column.__getitem__, indices)
        short_side = self.augment.short_side
        return prefetch(lambda index: column.decode_uncropped(index, short_side), indices)


def prefetch(read: Callable[[Chunk], Result], chunks: Iterable[Chunk]) -> Iterator[Result]:
    """Yields `read(chunk)` for each chunk in order; meanwhile, a thread reads the next chunk."""
    with ThreadPoolExecutor(1) as thread:
        pending: Future[Result] | None = None
        for chunk in chunks:
            next_result = thread.submit(read, chunk)
            if pending is not None:
                yield pending.result()
            pending = next_result
        if pending is not None:
            yield pending.result()


class DeviceDataModule(pl.LightningDataModule):
    """A data module whose tensors are on the training device, so that a batch is a slice of them.

    Attributes:
        batch_size: Number of items in a training batch.
        weights: Sampling weights of the training items; see `Batches`.
        augment: Changes the images of training batches at random.
        grouped: Whether small training batches come in groups; see `BatchGroups`. Only `fit`
            sets it.
    """

    batch_size: int
    weights: Tensor | None = None
    augment: RandomChange | None = None
    grouped = False

    def __init__(self) -> None:
        super().__init__()
        self._device_columns: dict[str, tuple[Items, ...]] = {}

    def move_to_device(self, name: str, part: Part) -> None:
        """Moves a part to the trainer's device, except images that are decoded on demand.

        Those images move to the device batch by batch.
        """
        inputs, targets, *_ = part
        inputs = inputs.to(self.device) if isinstance(inputs, Tensor) else inputs
        columns = (inputs,) if targets is None else (inputs, targets.to(self.device))
        self._device_columns[name] = columns

    def transfer_batch_to_device(self, batch: Any, *args: Any) -> Any:
        """Returns the batch, because `Batches` has moved its tensors already."""
        return batch

    def train_dataloader(self) -> Any:
        columns, device = self._device_columns["train"], self.device
        batches = Batches(columns, self.batch_size, True, self.weights, self.augment, device)
        is_small = self.batch_size * prod(columns[0].shape[1:]) <= MAX_GROUPED_BATCH_VALUES
        if self.grouped and is_small and self.augment is None:
            return BatchGroups(batches, GROUP_SIZE)
        return batches

    def val_dataloader(self) -> Batches:
        return self._evaluation_batches("val")

    def test_dataloader(self) -> Batches:
        return self._evaluation_batches("test")

    def _evaluation_batches(self, name: str) -> Batches:
        columns = self._device_columns[name]
        return Batches(columns, evaluation_batch_size(columns[0]), False, device=self.device)

    @property
    def device(self) -> torch.device:
        """The trainer's device; the CPU if no trainer is attached."""
        return torch.device("cpu") if self.trainer is None else self.trainer.strategy.root_device


def cast_to_model_precision(model: nn.Module, part: Part) -> Part:
    """Returns a part with its inputs and targets as float64 or float32, as the model expects.

    Table rows and numeric targets are stored as float64. Inputs become float32 for a model that
    does not standardize its input. Targets become float32 for a model that is not a `Predictor`.
    """
    inputs, targets = part.inputs, part.targets
    if isinstance(inputs, Tensor):
        inputs = cast_input(model, inputs)
    if targets is not None and targets.is_floating_point() and not isinstance(model, Predictor):
        targets = targets.float()
    return Part(inputs, targets, *part[2:])


def choose_batch_size(
    batch_size: int | None, n: int, max_size: int, steps: int, min_size: int = 2
) -> int:
    """Returns `batch_size`; if None, a size with which n items make about `steps` batches.

    The chosen size is from `min_size` to `max_size`. It is at least 2, because batch normalization
    cannot train on one item.
    """
    return max(min_size, min(max_size, n // steps)) if batch_size is None else batch_size


def set_batch_size(data: Any, params: Mapping[str, Any]) -> None:
    """Sets the batch size of a data module to the parameter `batch_size` of a trial.

    If the trial has no such parameter, or the data module no such attribute, it does nothing.
    """
    if "batch_size" in params and hasattr(data, "batch_size"):
        data.batch_size = params["batch_size"]


def evaluation_batch_size(items: Items) -> int:
    """Returns the batch size for evaluation, at most 1000; it is smaller for large items."""
    values = max(1, prod(items.shape[1:]))
    return max(1, min(EVALUATION_BATCH_SIZE, MAX_BATCH_VALUES // values))


def apply_in_batches(function: Callable[[Tensor], Tensor], items: Items) -> Tensor:
    """Applies a function to all items, batch by batch, and returns the results as one tensor.

    The function maps a batch of floats with shape (n, *shape) to a tensor of length n. No
    gradients are computed.
    """
    with torch.inference_mode():
        batches = Batches((items,), evaluation_batch_size(items), shuffle=False)
        results = GrowingTensor(len(items))
        for (batch,) in batches:
            results.append(function(batch))
    return results.rows
