"""Augmentation: random crops and flips of the images of a training batch."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from ..data_error import DataError

RESIZE_RATIO = 256 / 224
"""Short side of an image before the crop, as a multiple of the side of the crop."""

ImageSize = tuple[int, int]


def _crop_transforms(size: ImageSize) -> list[Any]:
    from torchvision.transforms import v2

    def enlarge(image: Tensor) -> Any:
        """Makes an image larger than the crop; one that has the size of the crop is padded.

        Validation sees such an image as a whole, so that its scale must not change.
        """
        if image.shape[-2:] == size:
            padding = [round(side * (RESIZE_RATIO - 1) / 2) for side in size[::-1]]
            return v2.functional.pad(image, padding, padding_mode="reflect")
        return v2.functional.resize(image, [round(min(size) * RESIZE_RATIO)])

    return [v2.Lambda(enlarge), v2.RandomCrop(size), v2.RandomHorizontalFlip()]


def _zoom_transforms(size: ImageSize) -> list[Any]:
    from torchvision.transforms import v2

    return [v2.RandomResizedCrop(size), v2.RandomHorizontalFlip()]


AUGMENTATIONS: Mapping[str, tuple[float, Callable[[ImageSize], list[Any]]] | None] = {
    "none": None,
    "crop": (RESIZE_RATIO, _crop_transforms),
    # The crop may be a tenth of the image, but whole photographs would fill the memory.
    "zoom": (2, _zoom_transforms),
}
"""Augmentations: none, crops at random positions, crops at random positions and scales.

Each has an upper bound of the short side of decoded images, in sides of the crop.
"""


def check_augmentation(name: str) -> None:
    """Raises DataError if there is no augmentation of this name."""
    if name not in AUGMENTATIONS:
        raise DataError(f"`augment=` must be one of {', '.join(AUGMENTATIONS)}, not {name!r}")


class RandomAugmentation:
    """Augments images one after the other, so that a seed repeats the random crops.

    `short_side` is an upper bound of the short side of the images that it takes.
    """

    def __init__(self, name: str, size: ImageSize) -> None:
        from torchvision.transforms import v2

        augmentation = AUGMENTATIONS[name]
        assert augmentation is not None
        ratio, make_transforms = augmentation
        self.short_side = round(min(size) * ratio)
        self._transform = v2.Compose(make_transforms(size))

    def __call__(self, images: Iterable[Tensor]) -> Tensor:
        """Returns crops of shape (N, C, height, width) from images of shapes (C, H, W)."""
        return torch.stack([self._transform(image) for image in images])
