"""Augmentation: images of a training batch cut at random, so that no epoch sees the same."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..data_error import DataError
from ..sources.lazy_images import RESIZE_RATIO

MapSize = tuple[int, int]


class _Augmentation(NamedTuple):
    """How images are augmented.

    Attributes:
        resize_ratio: Short side that photographs are decoded to at most, in sides of what is cut
        out.
        make_transforms: Makes the transforms that cut out an image of a height and width.
    """

    resize_ratio: float
    make_transforms: Callable[[MapSize], list[Any]]


def _crop_steps(size: MapSize) -> list[Any]:
    from torchvision.transforms import v2

    def enlarge(image: Tensor) -> Any:
        """Makes an image larger than what is cut out of it.

        One that has its size already is seen whole in validation too, and keeps its scale.
        """
        if image.shape[-2:] == size:
            return v2.functional.pad(
                image,
                [round(side * (RESIZE_RATIO - 1) / 2) for side in size[::-1]],
                padding_mode="reflect",
            )
        return v2.functional.resize(image, [round(min(size) * RESIZE_RATIO)])

    return [v2.Lambda(enlarge), v2.RandomCrop(size), v2.RandomHorizontalFlip()]


def _zoom_steps(size: MapSize) -> list[Any]:
    from torchvision.transforms import v2

    return [v2.RandomResizedCrop(size), v2.RandomHorizontalFlip()]


AUGMENTATIONS: Mapping[str, _Augmentation | None] = {
    "none": None,
    "crop": _Augmentation(RESIZE_RATIO, _crop_steps),
    # A tenth of a photograph is all that may be left of it, but whole ones would fill the memory.
    "zoom": _Augmentation(2, _zoom_steps),
}
"""Ways to augment images: not at all, by a place that is drawn, or by place and size."""


def check_augmentation(name: str) -> None:
    """Raises DataError if there is no such augmentation."""
    if name not in AUGMENTATIONS:
        raise DataError(f"`augment=` must be one of {', '.join(AUGMENTATIONS)}, not {name!r}")


class RandomAugmentation:
    """Cuts images at random, one after the other, so that a seed repeats what was drawn.

    Args:
        name: One of `AUGMENTATIONS`, but not `none`.
        size: Height and width of what is cut out.

    Attributes:
        short_side: Short side that photographs are decoded to at most.
    """

    def __init__(self, name: str, size: MapSize) -> None:
        from torchvision.transforms import v2

        augmentation = AUGMENTATIONS[name]
        assert augmentation is not None
        self.short_side = round(min(size) * augmentation.resize_ratio)
        self._transform = v2.Compose(augmentation.make_transforms(size))

    def __call__(self, images: Iterable[Tensor]) -> Tensor:
        """Maps images, with shapes (C, H, W), to others of one size, with shape (N, C, H, W)."""
        return torch.stack([self._transform(image) for image in images])
