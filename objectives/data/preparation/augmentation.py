"""Augmentation: random crops and flips of the images of a training batch."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from ..data_error import DataError

RESIZE_RATIO = 256 / 224
"""Short side to which an image is resized before the crop, as a multiple of the crop's side."""
AUGMENTATIONS = ("none", "crop", "zoom")
"""No augmentation; crops at random positions; crops at random positions and of random scales."""
MAX_ZOOM = 2
"""The largest short side of an image for `zoom`, as a multiple of the crop's side.

Larger images are scaled down to it first, because they would fill the memory. A crop may cover
only a tenth of the image's area.
"""


def check_augmentation(name: str) -> None:
    """Raises DataError if `name` is not one of `AUGMENTATIONS`."""
    if name not in AUGMENTATIONS:
        raise DataError(f"`augment=` must be one of {', '.join(AUGMENTATIONS)}, not {name!r}")


class RandomAugmentation:
    """Crops and flips images at random, one image at a time, so that a seed reproduces the result.

    Args:
        name: `crop` or `zoom`.
        size: Height and width of the crops.

    Attributes:
        short_side: The largest useful short side of an image. Larger images should be scaled down
            to it.
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
        """Returns random crops (N, C, height, width) of N images, each of shape (C, H, W)."""
        return torch.stack([self._transform(image) for image in images])

    def _enlarge(self, image: Tensor) -> Any:
        """Returns an image that is larger than the crop, by padding or resizing it.

        An image of the size of the crop is padded, because its scale must stay the same: in
        validation, the network sees such an image uncropped. Any other image is resized.
        """
        from torchvision.transforms.v2 import functional

        if image.shape[-2:] == self.size:
            padding = [round(side * (RESIZE_RATIO - 1) / 2) for side in self.size[::-1]]
            return functional.pad(image, padding, padding_mode="reflect")
        return functional.resize(image, [round(min(self.size) * RESIZE_RATIO)])
