"""EncodedData: a data module whose inputs are the latent codes of a frozen encoder."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from torch import Tensor

from ...models.data_spec import DataSpec
from ..progress import progress
from .batches import DeviceDataModule, apply_in_batches, choose_batch_size
from .parts import Part
from .preparation.folds import split_fold
from .preparation.labels import require_labels
from .preparation.splits import PART_NAMES
from .tensor_cache import read_cache_file, write_cache_file
from .tensor_data import TensorData

BATCH_SIZE = 1024
STEPS_PER_EPOCH = 16


class EncodedData(DeviceDataModule):
    """A data module of the latent codes of labeled items.

    A frozen encoder computes the codes once, and they are kept in a cache file. The name of the
    file holds a hash of the items and a hash of the encoder. If images are augmented, their codes
    are computed anew for each batch. A batch is a tuple (codes, labels). The codes have shape (N,
    D).

    Args:
        items: The items to encode.
        make_encoder: Takes a data spec, and returns a model with the method `encode`.
        cache: Path of the cache file. The fingerprint of the items is added to its name.
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
        self._cache = cache.with_name(f"{cache.name}-{items.fingerprint}.pt")

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
        splits, codes = self._all_items.splits, self._encode_or_read()
        parts = {name: Part(codes[name], getattr(splits, name).targets) for name in PART_NAMES}
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
        return replace(batches, encode=lambda items: encoder.encode(items).flatten(1))

    def _encode_or_read(self) -> dict[str, Tensor]:
        """Returns the codes of each part, from the cache file if it exists.

        If it does not exist, the codes are computed and the file is written.
        """
        lengths = {name: len(getattr(self._all_items.splits, name)) for name in PART_NAMES}
        cached = read_cache_file(self._cache)
        if isinstance(cached, dict) and {k: len(codes) for k, codes in cached.items()} == lengths:
            return cached
        model = self._make_encoder(self.spec)
        self._all_items.cast_to_model(model)
        total = sum(lengths.values())
        with progress(f"encoding {total:,} items", total) as advance:

            def encode(batch: Tensor) -> Any:
                advance(len(batch))
                return model.encode(batch).flatten(1)

            parts = zip(PART_NAMES, self._all_items.splits[:3], strict=True)
            codes = {name: apply_in_batches(encode, part.inputs) for name, part in parts}
        write_cache_file(self._cache, codes)
        return codes
