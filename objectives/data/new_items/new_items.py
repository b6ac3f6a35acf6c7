"""NewItems: new input of a trained network, prepared one batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from torch import Tensor

from ....models.data_spec import DataSpec
from ....storage.checkpoint_header import CheckpointHeader
from ..batches import evaluation_batch_size, prefetch
from ..parts import to_float

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Preparation:
    """How the training data of a network was prepared, outside of the network.

    Attributes:
        spec: The shape and kind of an item.
        image_size: The side that images were scaled to, if the user has chosen one.
        streamed: Whether the network has seen the centers of `LazyImages`.
    """

    spec: DataSpec
    image_size: int | None = None
    streamed: bool = False

    @classmethod
    def of(cls, header: CheckpointHeader) -> Self:
        """Returns the preparation from the header of a checkpoint."""
        return cls(header.data_spec, header.recipe.image_size, header.streamed)


class PreparedBatch(NamedTuple):
    """A batch of new items.

    Attributes:
        names: The name of each item: its path, its row, or the text itself.
        items: The prepared items, with shape (n, *shape), without those that cannot be read.
        reasons: Why each item cannot be read; empty if it can.
    """

    names: list[str]
    items: Tensor
    reasons: list[str]


@dataclass(frozen=True)
class NewItems:
    """New items of one source.

    Attributes:
        names: The name of each item.
        read: Returns the batch of a slice.
        batch_size: Items of a batch.
        places: Where each item comes from, if its name does not say so.
        columns: Other columns of each item, such as its id; N rows.
    """

    names: Sequence[str]
    read: Callable[[slice], PreparedBatch]
    batch_size: int
    places: Sequence[str] = ()
    columns: DataFrame | None = None

    @classmethod
    def from_tensor(
        cls,
        names: Sequence[str],
        items: Tensor,
        reasons: Sequence[str] | None = None,
        places: Sequence[str] = (),
        columns: DataFrame | None = None,
    ) -> Self:
        """Returns prepared items of shape (N, *shape); unreadable items may have any values."""
        all_reasons = [""] * len(names) if reasons is None else list(reasons)

        def read(chunk: slice) -> PreparedBatch:
            batch, batch_reasons = items[chunk], all_reasons[chunk]
            if any(batch_reasons):
                batch = batch[[i for i, reason in enumerate(batch_reasons) if not reason]]
            return PreparedBatch(list(names[chunk]), to_float(batch), batch_reasons)

        return cls(names, read, evaluation_batch_size(items), places, columns)

    def __len__(self) -> int:
        return len(self.names)

    def batches(self) -> Iterator[PreparedBatch]:
        """Yields all batches; the next one is prepared in advance."""
        starts = range(0, len(self), self.batch_size)
        return prefetch(self.read, [slice(start, start + self.batch_size) for start in starts])
