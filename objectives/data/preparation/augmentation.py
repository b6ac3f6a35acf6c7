"""Augmentation: random crops and flips of the images of a training batch."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from ..data_error import DataError

RESIZE_RATIO = 256 / 224
"""Short side of an image before the crop, as a multiple of the side of the crop."""
AUGMENTATIONS = ("none", "crop", "zoom")
"""No augmentation, crops at random positions, crops at random positions and scales."""
MAX_ZOOM = 2
"""The short side of an image that is zoomed into, as a multiple of the side of the crop.

A crop may be a tenth of an image, but larger images would fill the memory.
"""


def check_augmentation(name: str) -> None:
    """Raises DataError if there is no augmentation of this name."""
    if name not in AUGMENTATIONS:
        raise DataError(f"`augment=` must be one of {', '.join(AUGMENTATIONS)}, not {name!r}")


class RandomAugmentation:
    """Augments images one after the other, so that a seed repeats the random crops.

    Args:
        name: `crop` or `zoom`.
        size: Height and width of the crops.

    Attributes:
        short_side: The largest short side of images that it takes.
    """

    def __init__(self, name: str, size: tuple[int, int]) -> None:
        from torchvision.transforms import v2

        crops = [v2.Lambda(self._enlarge), v2.RandomCrop(size)]
        if name == "zoom":
            crops = [v2.RandomResizedCrop(size)]
        self.size = size
        self.short_side = round(min(size) * (MAX_ZOOM if name == "zoom" else RESIZE_RATIO))
        self._transform = v2.Compose([*crops, v2.RandomHorizontalFlip()])

    def __call__(self, images: Iterable[Tensor]) -> Tensor:
        """Returns crops of shape (N, C, height, width) from images of shapes (C, H, W)."""
        return torch.stack([self._transform(image) for image in images])

    def _enlarge(self, image: Tensor) -> Any:
        """Makes an image larger than the crop; one that has the size of the crop is padded.

        Validation sees such an image uncropped, so that its scale must not change.
        """
        from torchvision.transforms.v2 import functional

        if image.shape[-2:] == self.size:
            padding = [round(side * (RESIZE_RATIO - 1) / 2) for side in self.size[::-1]]
            return functional.pad(image, padding, padding_mode="reflect")
        return functional.resize(image, [round(min(self.size) * RESIZE_RATIO)])
