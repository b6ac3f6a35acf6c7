"""The data of a head on a frozen encoder: codes in place of items, computed once."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from ...models.data_spec import DataSpec
from ..progress import progress
from .batches import Batches, DeviceDataModule, apply_in_batches, choose_batch_size
from .parts import Part
from .preparation.folds import split_fold
from .preparation.require_labels import require_labels
from .preparation.splits import PART_NAMES
from .tensor_cache import read_cache_file, write_cache_file
from .tensor_data import TensorData

BATCH_SIZE = 1024
STEPS_PER_EPOCH = 16


class EncodedData(DeviceDataModule):
    """The codes that a frozen encoder makes of items, with their labels.

    They are computed when they are first needed and kept in a file, whose name says of which
    items and which encoder; those of augmented images are new in each batch. A batch is a tuple
    (codes, labels), with codes of shape (N, D).

    Args:
        items: The items that are encoded.
        make_encoder: Makes the model whose `encode` makes codes of such data.
        cache: Path of the file; the hash of the items is added to its name.
        batch_size: Codes in a batch. If None, use 1024, or fewer on small data so that an epoch
            has at least 16 steps.

    Raises:
        DataError: If the items have no labels.
    """

    def __init__(
        self,
        items: TensorData,
        make_encoder: Callable[[DataSpec], Any],
        cache: Path,
        batch_size: int | None = None,
    ) -> None:
        super().__init__()
        self._items_of_all_folds = items
        self._fold: tuple[int, int] | None = None
        self.items, self.spec = require_labels(items), items.spec
        self.name, self.fingerprint = items.name, items.fingerprint
        n = len(items.splits.train)
        self.batch_size = choose_batch_size(batch_size, n, BATCH_SIZE, STEPS_PER_EPOCH)
        if items.augment is not None:
            self.batch_size = items.batch_size
        self.weights = items.weights
        self._make_encoder = make_encoder
        self._cache = cache.with_name(f"{cache.name}-{items.fingerprint}.pt")

    @property
    def streamed(self) -> bool:
        """Whether the items are photographs that stay in their files."""
        return self.items.streamed

    def fold(self, index: int, folds: int) -> Self:
        """Returns the codes with another validation part; see `TensorData.fold`."""
        other = copy.copy(self)
        other._device_columns = {}
        other._fold = index, folds
        other.items = self._items_of_all_folds.fold(index, folds)
        other.spec, other.fingerprint = other.items.spec, other.items.fingerprint
        other.weights = other.items.weights
        return other

    def setup(self, stage: str) -> None:
        splits = self._items_of_all_folds.splits
        targets = {part: getattr(splits, part).targets for part in PART_NAMES}
        parts = {
            part: Part(codes, targets[part]) for part, codes in self._encode_or_read().items()
        }
        if self._fold is not None:  # the code of an item is the same in every fold
            codes = parts["train"], parts["val"]
            cut = split_fold(splits, *codes, *self._fold, self._items_of_all_folds.seed)
            parts |= zip(("train", "val"), cut, strict=True)
        for name, part in parts.items():
            self.move_to_device(name, part.inputs, part.targets)

    def train_dataloader(self) -> Any:
        if self.items.augment is None:
            return super().train_dataloader()
        self.items.trainer = self.trainer
        self.items.setup("fit")
        return _EncodedBatches(
            self.items.train_dataloader(), self._make_encoder(self.spec).to(self.device)
        )

    def _encode_or_read(self) -> dict[str, Tensor]:
        kept = self._read_cached_codes()
        if kept is not None:
            return kept
        model = self._make_encoder(self.spec)
        self._items_of_all_folds.cast_to_model(model)
        parts = {
            part: getattr(self._items_of_all_folds.splits, part).inputs for part in PART_NAMES
        }
        total = sum(map(len, parts.values()))
        with progress(f"encoding {total:,} items", total) as advance:

            def encode(batch: Tensor) -> Tensor:
                advance(len(batch))
                codes: Tensor = model.encode(batch).flatten(1)
                return codes

            codes = {part: apply_in_batches(encode, inputs) for part, inputs in parts.items()}
        write_cache_file(self._cache, codes)
        return codes

    def _read_cached_codes(self) -> dict[str, Tensor] | None:
        """Returns the codes in the file, if it is whole, and of these items."""
        kept = read_cache_file(self._cache)
        whole = {part: len(getattr(self._items_of_all_folds.splits, part)) for part in PART_NAMES}
        if not isinstance(kept, dict):
            return None
        return kept if {part: len(codes) for part, codes in kept.items()} == whole else None


class _EncodedBatches:
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
