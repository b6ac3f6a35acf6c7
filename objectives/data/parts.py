"""Parts of a data set: inputs with their targets, and how one part is split off another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from ...models.data_spec import DataSpec

if TYPE_CHECKING:
    from torch import Tensor

    from .sources.photos import Photos

    Items: TypeAlias = Tensor | Photos


class Part(NamedTuple):
    """Items with their labels.

    Attributes:
        inputs: Items, with shape (N, *shape): values as floats or, to save memory, pixels as
            bytes, of which `floats` makes values in [0, 1]; of texts, the numbers of letters.
            Photographs too large for memory stay in their files until they are cut out.
        targets: Numbers of their classes, or floats to be predicted, with shape (N,), if any.
        rows: Where each item stands in what was read, from 0, with shape (N,). If None, the
            items stand there in this order.
    """

    inputs: Items
    targets: Tensor | None
    rows: Tensor | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def numbered_rows(self) -> Tensor:
        """Where each item stands in what was read, from 0, with shape (N,)."""
        import torch

        return torch.arange(len(self)) if self.rows is None else self.rows

    def joined(self, other: Part) -> Part:
        """Returns these items and those of another part behind them."""
        import torch

        rows = torch.cat([self.numbered_rows, other.numbered_rows])
        mine: Any = self.inputs
        if isinstance(mine, torch.Tensor):
            inputs = torch.cat([mine, cast(torch.Tensor, other.inputs)])
        else:
            inputs = mine.joined(other.inputs)
        if self.targets is None or other.targets is None:
            return Part(inputs, None, rows)
        return Part(inputs, torch.cat([self.targets, other.targets]), rows)

    def take(self, indices: Sequence[int]) -> Part:
        """Returns some of the items; photographs stay in their files."""
        import torch

        inputs, targets = self.inputs, self.targets
        chosen = list(indices)
        taken = inputs[chosen] if isinstance(inputs, torch.Tensor) else inputs.take(chosen)
        rows = self.numbered_rows[chosen]
        return Part(taken, None if targets is None else targets[chosen], rows)


class Dataset(NamedTuple):
    """A data set as it was found, before it is split by a seed.

    Attributes:
        train: The part to search and train on.
        test: The part that only final training scores.
        spec: What an item is.
        val: The validation part, if the data brings one.
        notes: What a user should know of how it was read.
    """

    train: Part
    test: Part
    spec: DataSpec
    val: Part | None = None
    notes: tuple[str, ...] = ()


def floats(x: Tensor) -> Tensor:
    """Returns bytes as values in [0, 1], and everything else as it is."""
    import torch

    return x.float().div_(255) if x.dtype == torch.uint8 else x


def hold_out(whole: Part, fraction: float, seed: int) -> tuple[Part, Part]:
    """Splits off a fraction, with the same share of each class where there are labels."""
    kept, held = split_indices(whole.targets, len(whole), fraction, seed)
    return whole.take(kept), whole.take(held)


def split_indices(
    targets: Tensor | None, n: int, fraction: float, seed: int
) -> tuple[list[int], list[int]]:
    """Returns the indices to keep and those to hold out, sorted, at least one of each."""
    from sklearn.model_selection import train_test_split

    held_out = max(1, round(fraction * n))
    if targets is not None and targets.is_floating_point():
        targets = None
    if targets is not None:
        counts = targets.bincount()
        counts = counts[counts > 0]
        # A class of one item, or more classes than places, cannot be stratified.
        if counts.min() < 2 or len(counts) > min(held_out, n - held_out):
            targets = None
    kept, held = train_test_split(
        range(n), test_size=held_out, random_state=seed, stratify=targets
    )
    return sorted(kept), sorted(held)
