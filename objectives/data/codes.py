"""The data of a head on a frozen encoder: codes in place of items, computed once."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...models.data_spec import DataSpec
from ..progress import progress
from .batches import ResidentData, fitting, in_batches
from .module import TensorData
from .parts import DataError
from .splits import PARTS

BATCH_SIZE = 1024
STEPS_PER_EPOCH = 16


class CodeData(ResidentData):
    """The codes that a frozen encoder makes of items, with their labels.

    They are computed when they are first needed and kept in a file, whose name says of which
    items and which encoder. A batch is a tuple (codes, labels), with codes of shape (N, D).

    Args:
        items: The items that are encoded.
        codec: Makes the model whose `encode` makes codes of such data.
        cache: Path of the file; the hash of the items is added to its name.
        batch_size: Codes in a batch. If None, use 1024, or fewer on small data so that an epoch
            has at least 16 steps.

    Raises:
        DataError: If the items have no labels.
    """

    def __init__(
        self,
        items: TensorData,
        codec: Callable[[DataSpec], Any],
        cache: Path,
        batch_size: int | None = None,
    ) -> None:
        super().__init__()
        self.items, self.spec = labelled(items), items.spec
        self.name, self.fingerprint = items.name, items.fingerprint
        n = len(items.splits.train)
        self.batch_size = fitting(batch_size, n, BATCH_SIZE, STEPS_PER_EPOCH)
        self._codec = codec
        self._cache = cache.with_name(f"{cache.name}-{items.fingerprint}.pt")

    def setup(self, stage: str) -> None:
        for part, codes in self._codes().items():
            self.keep(part, codes, getattr(self.items.splits, part).targets)

    def _codes(self) -> dict[str, Tensor]:
        kept = self._kept()
        if kept is not None:
            return kept
        model = self._codec(self.spec)
        parts = {part: getattr(self.items.splits, part).inputs for part in PARTS}
        total = sum(map(len, parts.values()))
        with progress(f"encoding {total:,} items", total) as advance:

            def encode(batch: Tensor) -> Tensor:
                advance(len(batch))
                codes: Tensor = model.encode(batch).flatten(1)
                return codes

            codes = {part: in_batches(encode, inputs) for part, inputs in parts.items()}
        # Workers may write the same bytes at once; whoever reads too soon finds no whole file.
        partial = self._cache.with_suffix(".partial")
        # Where nothing can be written, they are computed again; torch has an error of its own.
        with suppress(OSError, RuntimeError):
            torch.save(codes, partial)
            os.replace(partial, self._cache)
        return codes

    def _kept(self) -> dict[str, Tensor] | None:
        """Returns the codes in the file, if it is whole, and of these images."""
        try:
            kept = torch.load(self._cache, weights_only=True)
            lengths = {part: len(codes) for part, codes in kept.items()}
        except Exception:  # torch raises half a dozen classes for files that it cannot read
            return None
        whole = {part: len(getattr(self.items.splits, part)) for part in PARTS}
        return kept if lengths == whole else None


def labelled(data: TensorData) -> TensorData:
    """Returns data that have labels of two classes at least.

    Raises:
        DataError: If they have none.
    """
    if data.splits.train.targets is None or len(data.spec.classes) < 2:
        raise DataError(
            f"{data.name} has no labels to learn from; put each class in a folder of its own"
        )
    return data
