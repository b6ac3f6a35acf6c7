"""Augmentation: images of a training batch cut at random, so that no epoch sees the same."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .errors import DataError
from .sources.photos import ROOM

Size = tuple[int, int]


class _Way(NamedTuple):
    """How images are augmented.

    Attributes:
        room: Short side that photographs are decoded to at most, in sides of what is cut out.
        steps: Makes the transforms that cut out an image of a height and width.
    """

    room: float
    steps: Callable[[Size], list[Any]]


def _crop(size: Size) -> list[Any]:
    from torchvision.transforms import v2

    def with_room(image: Tensor) -> Any:
        """Makes an image larger than what is cut out of it.

        One that has its size already is seen whole in validation too, and keeps its scale.
        """
        if image.shape[-2:] == size:
            return v2.functional.pad(
                image,
                [round(side * (ROOM - 1) / 2) for side in size[::-1]],
                padding_mode="reflect",
            )
        return v2.functional.resize(image, [round(min(size) * ROOM)])

    return [v2.Lambda(with_room), v2.RandomCrop(size), v2.RandomHorizontalFlip()]


def _zoom(size: Size) -> list[Any]:
    from torchvision.transforms import v2

    return [v2.RandomResizedCrop(size), v2.RandomHorizontalFlip()]


AUGMENTS: Mapping[str, _Way | None] = {
    "none": None,
    "crop": _Way(ROOM, _crop),
    # A tenth of a photograph is all that may be left of it, but whole ones would fill the memory.
    "zoom": _Way(2, _zoom),
}
"""Ways to augment images: not at all, by a place that is drawn, or by place and size."""


def check_augment(name: str) -> None:
    """Raises DataError if there is no such augmentation."""
    if name not in AUGMENTS:
        raise DataError(f"`augment=` must be one of {', '.join(AUGMENTS)}, not {name!r}")


class Augment:
    """Cuts images at random, one after the other, so that a seed repeats what was drawn.

    Args:
        name: One of `AUGMENTS`, but not `none`.
        size: Height and width of what is cut out.

    Attributes:
        short: Short side that photographs are decoded to at most.
    """

    def __init__(self, name: str, size: Size) -> None:
        from torchvision.transforms import v2

        way = AUGMENTS[name]
        assert way is not None
        self.short = round(min(size) * way.room)
        self._transform = v2.Compose(way.steps(size))

    def __call__(self, images: Iterable[Tensor]) -> Tensor:
        """Maps images, with shapes (C, H, W), to others of one size, with shape (N, C, H, W)."""
        return torch.stack([self._transform(image) for image in images])
