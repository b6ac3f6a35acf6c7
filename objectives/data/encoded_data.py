"""EncodedData: a data module whose inputs are the latent codes of a frozen encoder."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from torch import Tensor

from ...models.data_spec import DataSpec
from ...models.networks.standardize import cast_input
from .batches import DeviceDataModule, choose_batch_size
from .kept_codes import keep_codes
from .parts import Part
from .preparation.folds import split_fold
from .preparation.labels import require_labels
from .preparation.splits import PART_NAMES
from .tensor_data import TensorData

BATCH_SIZE = 1024
STEPS_PER_EPOCH = 16


class EncodedData(DeviceDataModule):
    """A data module of the latent codes of labeled items.

    A frozen encoder computes the codes once, and they are kept in a file for each part. The name
    of a file holds a hash of the items and a hash of the encoder. If images are augmented, their
    codes are computed anew for each batch. A batch is a tuple (codes, labels). The codes have
    shape (N, D).

    Args:
        items: The items to encode.
        make_encoder: Takes a data spec, and returns a model with the method `encode`.
        cache: Path of the files without their ending. The fingerprint of the items and the name of
            the part are added.
        batch_size: Number of codes in a batch. If None, it is 1024, or less for small data so that
            an epoch has at least 16 batches.

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
        self._all_items = items
        self._fold: tuple[int, int] | None = None
        self.items, self.spec = require_labels(items), items.spec
        self.name, self.fingerprint = items.name, items.fingerprint
        n = len(items.splits.train)
        self.batch_size = choose_batch_size(batch_size, n, BATCH_SIZE, STEPS_PER_EPOCH)
        if items.augment is not None:
            self.batch_size = items.batch_size
        self.weights = items.weights
        self._make_encoder = make_encoder
        self._cache = cache.with_name(f"{cache.name}-{items.fingerprint}")

    @property
    def streamed(self) -> bool:
        """Whether the images of the items are decoded on demand."""
        return self.items.streamed

    def fold(self, index: int, folds: int) -> Self:
        """Returns the same codes with fold `index` of `folds` as the validation part.

        See `TensorData.fold`.
        """
        other = copy.copy(self)
        other._device_columns = {}
        other._fold = index, folds
        other.items = self._all_items.fold(index, folds)
        other.spec, other.fingerprint = other.items.spec, other.items.fingerprint
        other.weights = other.items.weights
        return other

    def setup(self, stage: str) -> None:
        splits = self._all_items.splits
        parts = {
            name: Part(
                keep_codes(self._cache, name, part.inputs, self._load_encoder), part.targets
            )
            for name, part in zip(PART_NAMES, splits[:3], strict=True)
        }
        if self._fold is not None:  # an item has the same code in every fold
            seed = self._all_items.seed
            fold = split_fold(splits, parts["train"], parts["val"], *self._fold, seed)
            parts |= zip(("train", "val"), fold, strict=True)
        for name, part in parts.items():
            self.move_to_device(name, part)

    def train_dataloader(self) -> Any:
        if self.items.augment is None:
            return super().train_dataloader()
        self.items.trainer = self.trainer
        self.items.setup("fit")
        encoder = self._make_encoder(self.spec).to(self.device)
        batches = self.items.train_dataloader()
        return replace(
            batches,
            batch_size=self.batch_size,
            encode=lambda items: encoder.encode(items).flatten(1),
        )

    def _load_encoder(self) -> Callable[[Tensor], Tensor]:
        encoder = self._make_encoder(self.spec)
        return lambda items: encoder.encode(cast_input(encoder, items)).flatten(1)
