"""New items, which are prepared a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from torch import Tensor

from ....models.data_spec import DataSpec
from ..batches import evaluation_batch_size, prefetch
from ..parts import to_float

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Preparation:
    """How the items of training were prepared, as far as a network does not do it itself.

    Attributes:
        spec: What an item is.
        image_size: The side that images were scaled to, if somebody chose one.
        streamed: Whether photographs were seen by their middle, as `LazyImages` shows them.
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


class PreparedBatch(NamedTuple):
    """Some prepared items.

    Attributes:
        names: What each is called: its path, its row, or the text itself.
        items: Those of them that could be prepared, with shape (n, *shape), as a network takes
            them.
        reasons: Why each of the others could not; empty for those that could.
    """

    names: list[str]
    items: Tensor
    reasons: list[str]


@dataclass(frozen=True)
class NewItems:
    """Items that are read when they are needed.

    Attributes:
        names: What each is called.
        read: Prepares the items of a slice.
        size: How many items make a batch.
        places: Where each stands, if its name does not say so.
        columns: What else is known of each, such as its id; N rows.
    """

    names: Sequence[str]
    read: Callable[[slice], PreparedBatch]
    size: int
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
        """Returns items that are prepared already.

        Args:
            names: What each is called.
            items: All of them, with shape (N, *shape); of those that cannot be read, anything.
            reasons: Why each cannot be read, empty for those that can; None if all can.
            places: Where each stands, if its name does not say so.
            columns: What else is known of each; N rows.
        """
        whole = [""] * len(names) if reasons is None else list(reasons)

        def read(cut: slice) -> PreparedBatch:
            some = whole[cut]
            good = [place for place, reason in enumerate(some) if not reason]
            chosen = items[cut] if len(good) == len(some) else items[cut][good]
            return PreparedBatch(list(names[cut]), to_float(chosen), some)

        return cls(names, read, evaluation_batch_size(items), places, columns)

    def __len__(self) -> int:
        return len(self.names)

    def batches(self) -> Iterator[PreparedBatch]:
        """Gives all items; the next batch is read while the one before is used."""
        starts = range(0, len(self), self.size)
        return prefetch(self.read, [slice(start, start + self.size) for start in starts])
