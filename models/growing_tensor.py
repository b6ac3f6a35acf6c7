"""GrowingTensor: rows that are added batch by batch and kept in one tensor."""

import torch
from torch import Tensor

FIRST_CAPACITY = 64


class GrowingTensor:
    """A tensor to which rows are added.

    Use it, and not a list of tensors, for what is kept of each batch. A small tensor lands in the
    memory that the last batch has just left, and as long as it stays there, the next batch needs
    other memory: a list of losses would make a process grow by a batch in each step.

    Args:
        capacity: Number of rows for which memory is reserved at first. It doubles when it is full.

    Example:
        >>> losses = GrowingTensor()
        >>> losses.append(torch.tensor([1.0, 2.0]))
        >>> losses.append(torch.tensor([3.0]))
        >>> losses.rows
        tensor([1., 2., 3.])
    """

    def __init__(self, capacity: int = FIRST_CAPACITY) -> None:
        self._capacity = capacity
        self._memory: Tensor | None = None
        self._length = 0

    def append(self, rows: Tensor) -> None:
        """Adds rows of shape (n, ...), without their gradients."""
        end = self._length + len(rows)
        if self._memory is None:
            self._memory = rows.new_empty(max(self._capacity, end), *rows.shape[1:])
        elif end > len(self._memory):
            more = rows.new_empty(max(len(self._memory), len(rows)), *rows.shape[1:])
            self._memory = torch.cat([self._memory, more])
        self._memory[self._length : end] = rows.detach()
        self._length = end

    @property
    def rows(self) -> Tensor:
        """All rows, with shape (N, ...). At least one batch of rows must have been added."""
        assert self._memory is not None
        return self._memory[: self._length]
