"""The data module: batches cut from tensors that stay on the device."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytorch_lightning as pl
import torch
from torch import Tensor

from .memory import read_splits
from .splits import DataError

BATCH_SIZE = 64
STEPS_PER_EPOCH = 64
EVALUATION = 1000  # without gradients, larger batches fit and are faster


class Batches:
    """Iterates over batches, each a slice of every tensor: nothing happens image by image.

    Args:
        tensors: Tensors of the same length N, such as images and labels.
        batch_size: Length of a batch; the last one may be shorter.
        shuffle: Whether each pass takes a new order, drawn from torch's global generator.
    """

    def __init__(self, tensors: tuple[Tensor, ...], batch_size: int, shuffle: bool) -> None:
        self.tensors, self.batch_size, self.shuffle = tensors, batch_size, shuffle

    def __len__(self) -> int:
        return -(-len(self.tensors[0]) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        n, device = len(self.tensors[0]), self.tensors[0].device
        # Drawn on the CPU, so that a seed means the same order on every device.
        order = torch.randperm(n).to(device) if self.shuffle else None
        for start in range(0, n, self.batch_size):
            batch = slice(start, start + self.batch_size)
            yield tuple(t[batch if order is None else order[batch]] for t in self.tensors)


class ResidentData(pl.LightningDataModule):
    """Parts of a data set that stay on the device, of which batches are slices.

    Attributes:
        batch_size: Length of a training batch.
    """

    batch_size: int

    def __init__(self) -> None:
        super().__init__()
        self._resident: dict[str, tuple[Tensor, ...]] = {}

    def keep(self, part: str, tensors: tuple[Tensor, ...]) -> None:
        """Moves `train`, `val` or `test` to the trainer's device, where it stays.

        Args:
            part: Name of the part.
            tensors: Tensors of the same length, such as images and labels.
        """
        device = torch.device("cpu") if self.trainer is None else self.trainer.strategy.root_device
        self._resident[part] = tuple(tensor.to(device) for tensor in tensors)

    def train_dataloader(self) -> Batches:
        return Batches(self._resident["train"], self.batch_size, shuffle=True)

    def val_dataloader(self) -> Batches:
        return Batches(self._resident["val"], EVALUATION, shuffle=False)

    def test_dataloader(self) -> Batches:
        return Batches(self._resident["test"], EVALUATION, shuffle=False)


class ImageData(ResidentData):
    """Images in memory, split into train, validation and test.

    The validation split is a seeded, stratified tenth of the training part, unless the data bring
    one; the test part is never touched by it. A batch is a tuple (images, labels), or (images,)
    for data without labels, with images of shape (N, C, H, W) and values in [0, 1].

    Args:
        name: `digits`, `fashion-mnist`, `mnist`, or the path of a folder of images.
        data_dir: Where torchvision data lies. If None, use the folder that the variable
            LATENTUNE_DATA names, or a cache in the home folder.
        image_size: Side in pixels that the images of a folder are scaled and cropped to. If
            None, keep their own size if they share one of at most 64x64, else use 64.
        batch_size: Images in a batch. If None, use 64, or fewer on small data so that an epoch
            has at least 64 steps.
        seed: Seed of the split.

    Raises:
        DataError: If the data is missing, empty or broken, or the batch size is below 1.
    """

    def __init__(
        self,
        name: str,
        data_dir: str | Path | None = None,
        image_size: int | None = None,
        batch_size: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.name = Path(os.path.abspath(name)).name
        self.splits = read_splits(name, str(data_dir) if data_dir else None, image_size, seed)
        n = len(self.splits.train)
        if batch_size is None:
            batch_size = max(1, min(BATCH_SIZE, n // STEPS_PER_EPOCH))
        if batch_size < 1:
            raise DataError(f"batch_size (={batch_size}) must be at least 1")
        self.batch_size = batch_size

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape of one image, (C, H, W)."""
        channels, height, width = self.splits.train.images.shape[1:]
        return channels, height, width

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty for data without labels."""
        return self.splits.classes

    @property
    def fingerprint(self) -> str:
        """A hash of all images and labels, and of the split that they are in."""
        return self.splits.fingerprint

    def setup(self, stage: str) -> None:
        for split in ("test",) if stage == "test" else ("train", "val"):
            images, labels = getattr(self.splits, split)
            self.keep(split, (images,) if labels is None else (images, labels))


def in_batches(function: Callable[[Tensor], Tensor], whole: Tensor) -> Tensor:
    """Applies a function to a long tensor part by part, without gradients.

    Args:
        function: Maps a tensor of length N to another of length N.
        whole: Any length along the first dimension, from 1.
    """
    with torch.inference_mode():
        return torch.cat([function(batch) for batch in torch.split(whole, EVALUATION)]).clone()
