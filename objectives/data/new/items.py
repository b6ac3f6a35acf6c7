"""New items, which are prepared a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from torch import Tensor

from ....models.data_spec import DataSpec
from ..batches import ahead, evaluation_size
from ..parts import floats


@dataclass(frozen=True)
class Preparation:
    """How the items of training were prepared, as far as a network does not do it itself.

    Attributes:
        spec: What an item is.
        image_size: The side that images were scaled to, if somebody chose one.
        streamed: Whether photographs were seen by their middle, as `Photos` shows them.
    """

    spec: DataSpec
    image_size: int | None = None
    streamed: bool = False

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Self:
        """Returns the preparation that the configuration in a checkpoint describes."""
        spec = DataSpec.from_table(configuration["data"])
        image_size = configuration["recipe"].get("image_size")
        return cls(spec, image_size, configuration.get("streamed", False))


class Batch(NamedTuple):
    """Some prepared items.

    Attributes:
        names: What each is called: its path, its row, or the text itself.
        items: The items, with shape (n, *shape), as a network takes them.
        unread: Why others could not be read, by their names.
    """

    names: list[str]
    items: Tensor
    unread: dict[str, str]


@dataclass(frozen=True)
class NewItems:
    """Items that are read when they are needed.

    Attributes:
        names: What each is called.
        read: Prepares the items of a slice.
        size: How many items make a batch.
    """

    names: Sequence[str]
    read: Callable[[slice], Batch]
    size: int

    @classmethod
    def in_memory(cls, names: Sequence[str], items: Tensor) -> Self:
        """Returns items that are prepared already, with shape (N, *shape)."""

        def read(cut: slice) -> Batch:
            return Batch(list(names[cut]), floats(items[cut]), {})

        return cls(names, read, evaluation_size(items))

    def __len__(self) -> int:
        return len(self.names)

    def batches(self) -> Iterator[Batch]:
        """Gives all items; the next batch is read while the one before is used."""
        starts = range(0, len(self), self.size)
        return ahead(self.read, [slice(start, start + self.size) for start in starts])
