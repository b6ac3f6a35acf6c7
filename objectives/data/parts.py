"""Parts of a data set: inputs with their targets, and how one part is split off another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from ...models.data_spec import DataSpec
from .preparation.duplicates import first_occurrences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from .sources.lazy_images import LazyImages

    Items: TypeAlias = Tensor | LazyImages


class Part(NamedTuple):
    """Items with their labels.

    Attributes:
        inputs: Items, with shape (N, *shape): pixels as float32 or, to save memory, as bytes, of
            which `to_float` makes values in [0, 1]; rows of a table in float64; of texts, the
            numbers of letters. Photographs too large for memory stay in their files until they
            are cut out.
        targets: Numbers of their classes, or numbers to be predicted in float64, with shape
            (N,), if any.
        rows: Where each item stands in what was read, from 0, with shape (N,). If None, the
            items stand there in this order.
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
        """Where each item stands in what was read, from 0, with shape (N,)."""
        import torch

        return torch.arange(len(self)) if self.rows is None else self.rows

    def concat(self, other: Part) -> Part:
        """Returns these items and those of another part behind them."""
        import torch

        rows = torch.cat([self.row_indices, other.row_indices])
        mine: Any = self.inputs
        if isinstance(mine, torch.Tensor):
            inputs = torch.cat([mine, cast(torch.Tensor, other.inputs)])
        else:
            inputs = mine.concat(other.inputs)
        if self.targets is None or other.targets is None:
            return Part(inputs, None, rows)
        return Part(inputs, torch.cat([self.targets, other.targets]), rows)

    def take(self, indices: Sequence[int]) -> Part:
        """Returns some of the items; photographs stay in their files."""
        import torch

        inputs, targets = self.inputs, self.targets
        chosen = list(indices)
        taken = inputs[chosen] if isinstance(inputs, torch.Tensor) else inputs.take(chosen)
        rows = self.row_indices[chosen]
        return Part(taken, None if targets is None else targets[chosen], rows)


class LoadedDataset(NamedTuple):
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


MAX_NUMBER = 1e150
"""The largest number of a table or target; the square of a larger one is beyond float64."""


def is_valid_number(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Returns which numbers are finite and can be squared in float64; same shape."""
    return abs(values.astype("float64")) <= MAX_NUMBER


def to_float(x: Tensor) -> Tensor:
    """Returns bytes as values in [0, 1], and everything else as it is."""
    import torch

    return x.float().div_(255) if x.dtype == torch.uint8 else x


def hold_out(whole: Part, fraction: float, seed: int) -> tuple[Part, Part]:
    """Splits off a fraction, with the same share of each class where there are labels.

    Items that are equal stay together, if that is possible.
    """
    first_indices = first_occurrences(whole.inputs)
    kept, held = split_indices(whole.targets, len(whole), fraction, seed, first_indices)
    return whole.take(kept), whole.take(held)


def split_indices(
    targets: Tensor | None,
    n: int,
    fraction: float,
    seed: int,
    first_indices: Sequence[int] | None = None,
) -> tuple[list[int], list[int]]:
    """Returns the indices to keep and those to hold out, sorted, at least one of each.

    Args:
        targets: The class of each item, with shape (n,), of which both get the same share; floats
            are not looked at.
        n: Number of items.
        fraction: Share of them to hold out.
        seed: Seed of the split.
        first_indices: The place of the first item that is equal to each, as `first_occurrences`
            returns it.
            Equal items stay together, unless less than half of the fraction could be held out.
    """
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
    if first_indices is not None and len(set(first_indices)) < n:
        together = _hold_out_groups(targets, first_indices, fraction, seed)
        if 2 * len(together) >= held_out:
            return sorted(set(range(n)) - set(together)), together
    kept, held = train_test_split(
        range(n), test_size=held_out, random_state=seed, stratify=targets
    )
    return sorted(kept), sorted(held)


def _hold_out_groups(
    targets: Tensor | None, first_indices: Sequence[int], fraction: float, seed: int
) -> list[int]:
    """Returns the indices to hold out, sorted: whole groups of equal items, in an order drawn.

    A group is passed over if it has more items of a class than are still to be held out of it.
    """
    import numpy as np

    groups: dict[int, list[int]] = {}
    for place, first in enumerate(first_indices):
        groups.setdefault(first, []).append(place)
    classes = [0] * len(first_indices) if targets is None else targets.tolist()
    room: dict[int, int] = {}
    quota, given = 0.0, 0  # what rounding leaves of one class is left to the next
    for name, count in sorted(Counter(classes).items()):
        quota += fraction * count
        room[name] = round(quota) - given
        given += room[name]
    members = list(groups.values())
    held: list[int] = []
    for number in np.random.default_rng(seed).permutation(len(members)):
        wanted = Counter(classes[place] for place in members[number])
        if all(count <= room[name] for name, count in wanted.items()):
            held += members[number]
            for name, count in wanted.items():
                room[name] -= count
    return sorted(held)
