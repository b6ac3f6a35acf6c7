"""The data of a head on a frozen encoder: codes in place of images, computed once."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .data import ImageData, ResidentData, in_batches
from .progress import progress
from .splits import DataError

BATCH_SIZE = 1024
STEPS_PER_EPOCH = 16
PARTS = ("train", "val", "test")


class CodeData(ResidentData):
    """The codes that a frozen encoder makes of images, with their labels.

    They are computed when they are first needed and kept in a file, whose name says of which
    images and which encoder. A batch is a tuple (codes, labels), with codes of shape (N, D).

    Args:
        images: The images that are encoded.
        codec: Makes the model whose `encode` makes codes of images of a shape.
        cache: Path of the file; the hash of the images is added to its name.
        batch_size: Codes in a batch. If None, use 1024, or fewer on small data so that an epoch
            has at least 16 steps.

    Raises:
        DataError: If the images have no labels.
    """

    def __init__(
        self,
        images: ImageData,
        codec: Callable[[tuple[int, int, int]], Any],
        cache: Path,
        batch_size: int | None = None,
    ) -> None:
        super().__init__()
        self.images, self.classes = images, labelled(images).classes
        self.name, self.input_shape = images.name, images.input_shape
        self.fingerprint = images.fingerprint
        if batch_size is None:
            n = len(images.splits.train)
            batch_size = max(1, min(BATCH_SIZE, n // STEPS_PER_EPOCH))
        self.batch_size = batch_size
        self._codec = codec
        self._cache = cache.with_name(f"{cache.name}-{images.fingerprint}.pt")

    def setup(self, stage: str) -> None:
        for part, codes in self._codes().items():
            self.keep(part, (codes, getattr(self.images.splits, part).labels))

    def _codes(self) -> dict[str, Tensor]:
        kept = self._kept()
        if kept is not None:
            return kept
        model = self._codec(self.input_shape)
        parts = {part: getattr(self.images.splits, part).images for part in PARTS}
        total = sum(map(len, parts.values()))
        with progress(f"encoding {total:,} images", total) as advance:

            def encode(batch: Tensor) -> Tensor:
                advance(len(batch))
                codes: Tensor = model.encode(batch).flatten(1)
                return codes

            codes = {part: in_batches(encode, images) for part, images in parts.items()}
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
        whole = {part: len(getattr(self.images.splits, part)) for part in PARTS}
        return kept if lengths == whole else None


def labelled(images: ImageData) -> ImageData:
    """Returns images that have labels of two classes at least.

    Raises:
        DataError: If they have none.
    """
    if images.splits.train.labels is None or len(images.classes) < 2:
        raise DataError(
            f"{images.name} has no labels to learn from; put each class in a folder of its own"
        )
    return images
