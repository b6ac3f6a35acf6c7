"""The data of a head on a frozen encoder: codes in place of items, computed once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...models.data_spec import DataSpec
from ..progress import progress
from .batches import Batches, ResidentData, fitting, in_batches
from .kept import read_kept, write_kept
from .labelled import labelled
from .module import TensorData
from .splits import PARTS

BATCH_SIZE = 1024
STEPS_PER_EPOCH = 16


class CodeData(ResidentData):
    """The codes that a frozen encoder makes of items, with their labels.

    They are computed when they are first needed and kept in a file, whose name says of which
    items and which encoder; those of augmented images are new in each batch. A batch is a tuple
    (codes, labels), with codes of shape (N, D).

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
        if items.augment is not None:
            self.batch_size = items.batch_size
        self.weights = items.weights
        self._codec = codec
        self._cache = cache.with_name(f"{cache.name}-{items.fingerprint}.pt")

    @property
    def streamed(self) -> bool:
        """Whether the items are photographs that stay in their files."""
        return self.items.streamed

    def setup(self, stage: str) -> None:
        for part, codes in self._codes().items():
            self.keep(part, codes, getattr(self.items.splits, part).targets)

    def train_dataloader(self) -> Any:
        if self.items.augment is None:
            return super().train_dataloader()
        self.items.trainer = self.trainer
        self.items.setup("fit")
        return _Encoded(self.items.train_dataloader(), self._codec(self.spec).to(self.device))

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
        write_kept(self._cache, codes)
        return codes

    def _kept(self) -> dict[str, Tensor] | None:
        """Returns the codes in the file, if it is whole, and of these items."""
        kept = read_kept(self._cache)
        whole = {part: len(getattr(self.items.splits, part)) for part in PARTS}
        if not isinstance(kept, dict):
            return None
        return kept if {part: len(codes) for part, codes in kept.items()} == whole else None


class _Encoded:
    """Iterates over the codes of batches, made anew in each pass.

    Args:
        batches: Batches of items and their targets.
        model: The frozen encoder.
    """

    def __init__(self, batches: Batches, model: Any) -> None:
        self.batches, self.model = batches, model

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        for inputs, *targets in self.batches:
            with torch.no_grad():
                codes = self.model.encode(inputs).flatten(1)
            yield codes, *targets
