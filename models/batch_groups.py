"""Groups of small batches, each of which is one step of a Lightning Trainer.

Between two batches, a Trainer calls hooks for 0.2 milliseconds, which is longer than a small model
trains on a batch. `Learner` trains on the batches of a group one by one, as if they were steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from torch import Tensor


class BatchGroup(list[Sequence[Tensor]]):
    """Batches on which a `Learner` trains one after another in one step of its Trainer."""


@dataclass(frozen=True, eq=False)
class BatchGroups:
    """An iterable of all batches in groups.

    Args:
        batches: The batches of an epoch, as an iterable that has a length. All batches of a group
            are made before the first one is trained on, so they must not draw random numbers.
        size: Number of batches in a group, at least 1. The last group may be smaller.
    """

    batches: Any
    size: int

    def __len__(self) -> int:
        return -(-len(self.batches) // self.size)

    def __iter__(self) -> Iterator[BatchGroup]:
        batches = iter(self.batches)
        return (BatchGroup(islice(batches, self.size)) for _ in range(len(self)))
