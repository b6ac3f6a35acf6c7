"""The parts of a data set (train, val and test), each with items and targets."""

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
"""The largest accepted number in a table or target. float64 can hold the square of this number."""


class Part(NamedTuple):
    """The items of a part of a data set, with their targets.

    Attributes:
        inputs: Items of shape (N, *shape). Images are float32, or uint8 to save memory; `to_float`
            converts them to [0, 1]. Images that do not fit in memory are `LazyImages`. Rows of a
            table are float64. A text is a row of integers, one for each letter.
        targets: Class numbers (int64) or numbers to predict (float64), with shape (N,), or (N, K)
            of K numbers for each item; None without targets.
        rows: The position of each item in its source, from 0, with shape (N,). If None, items are
            in the order of the source.
        split_by: Group numbers (int64) or times (float64), with shape (N,). The items of a group,
            or of a time, stay in one part. None if items are split at random.
    """

    inputs: Items
    targets: Tensor | None
    rows: Tensor | None = None
    split_by: Tensor | None = None

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
        rows = torch.cat([self.row_indices, other.row_indices])
        targets = _concat(self.targets, other.targets)
        return Part(inputs, targets, rows, _concat(self.split_by, other.split_by))

    def take(self, indices: Sequence[int]) -> Part:
        """Returns the items at some indices."""
        inputs, chosen = self.inputs, torch.from_numpy(np.asarray(indices, dtype=np.int64))
        return Part(
            inputs.index_select(0, chosen)
            if isinstance(inputs, Tensor)
            else inputs.take(list(indices)),
            None if self.targets is None else self.targets[chosen],
            self.row_indices[chosen],
            None if self.split_by is None else self.split_by[chosen],
        )


class LoadedDataset(NamedTuple):
    """A data set as its source stores it, before a validation part is split off.

    Attributes:
        train: The part to search and train on.
        test: The part that only the final training evaluates.
        spec: The shape and kind of an item.
        val: The validation part, if the source has one.
        notes: Messages for the user about how the source was read.
    """

    train: Part
    test: Part
    spec: DataSpec
    val: Part | None = None
    notes: tuple[str, ...] = ()


def _concat(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    return None if one is None or other is None else torch.cat([one, other])


def is_valid_number(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Returns a mask of the finite values whose absolute value is at most `MAX_NUMBER`."""
    return abs(values.astype("float64")) <= MAX_NUMBER
