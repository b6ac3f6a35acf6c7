"""Parts of a data set: the items of train, val or test with their targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...models.data_spec import DataSpec
from .sources.lazy_images import LazyImages

Items: TypeAlias = Tensor | LazyImages

MAX_NUMBER = 1e150
"""The largest number in a table or target; float64 cannot hold the square of a larger one."""


class Part(NamedTuple):
    """Items with their targets.

    Attributes:
        inputs: Items of shape (N, *shape). Images are float32, or uint8 to save memory (`to_float`
            converts them to [0, 1]); images that do not fit in memory are decoded on demand. Rows
            of a table are float64. Texts are the numbers of their letters.
        targets: Class numbers (int64) or numbers to predict (float64) of shape (N,), if any.
        rows: The position of each item in its source, from 0, with shape (N,); None if the items
            are in that order.
    """

    inputs: Items
    targets: Tensor | None
    rows: Tensor | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.inputs.shape[1:]))
        targets = "no targets" if self.targets is None else "targets"
        return f"Part({len(self):,} items of {shape}, with {targets})"

    @property
    def row_indices(self) -> Tensor:
        """The position of each item in its source, from 0, with shape (N,)."""
        return torch.arange(len(self)) if self.rows is None else self.rows

    def concat(self, other: Part) -> Part:
        """Returns the items of this part, followed by the items of another part."""
        inputs: Any = self.inputs
        if isinstance(inputs, Tensor):
            inputs = torch.cat([inputs, cast(Tensor, other.inputs)])
        else:
            inputs = inputs.concat(other.inputs)
        targets = None
        if self.targets is not None and other.targets is not None:
            targets = torch.cat([self.targets, other.targets])
        return Part(inputs, targets, torch.cat([self.row_indices, other.row_indices]))

    def take(self, indices: Sequence[int]) -> Part:
        """Returns the items at some indices."""
        inputs, chosen = self.inputs, list(indices)
        return Part(
            inputs[chosen] if isinstance(inputs, Tensor) else inputs.take(chosen),
            None if self.targets is None else self.targets[chosen],
            self.row_indices[chosen],
        )


class LoadedDataset(NamedTuple):
    """A data set as its source has it, before the validation part is split off.

    Attributes:
        train: The part to search and train on.
        test: The part that only final training evaluates.
        spec: The shape and kind of an item.
        val: The validation part, if the source has one.
        notes: Notes for the user on how the source was read.
    """

    train: Part
    test: Part
    spec: DataSpec
    val: Part | None = None
    notes: tuple[str, ...] = ()


def is_valid_number(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Returns which numbers are finite and have a square in float64; same shape."""
    return abs(values.astype("float64")) <= MAX_NUMBER


def to_float(x: Tensor) -> Tensor:
    """Returns uint8 tensors scaled to [0, 1], and other tensors unchanged."""
    return x.float().div_(255) if x.dtype == torch.uint8 else x
