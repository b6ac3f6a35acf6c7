"""LazyImages: image files that can be used like a tensor of images, and are decoded on demand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor

from ..data_error import DataError
from ..preparation.augmentation import RESIZE_RATIO
from .image_decoding import decode_image, silence_pillow
from .pixel_range import (
    DIM_RATIO,
    PixelRange,
    describe_range,
    file_pixel_range,
    learn_maximum,
    rescale_pixels,
    training_file_maximum,
)

if TYPE_CHECKING:
    from PIL import Image

    from .image_decoding import Fit

    Indices: TypeAlias = slice | Tensor | list[int]
    ChooseMaximum: TypeAlias = Callable[[PixelRange], int]
    """Returns the number that stands for 1 in a file, given the range of its pixels."""

Result = TypeVar("Result")

MAX_EXAMINED_IMAGES = 64  # to learn the range of their pixels


@dataclass(frozen=True, eq=False)
class LazyImages:
    """Image files that behave like a tensor (N, C, side, side); indexing decodes the files.

    To decode an image, its short side is scaled to 256/224 of `side`, and the center square is cut
    out. All pixels are bytes.

    Args:
        root: The folder that relative `names` are relative to.
        names: Paths of the files with `/` between folders; at least one. They may be absolute.
        mode: `RGB`, or `L` if none of the images has colors.
        side: Height and width of a decoded image.
        maximum: The pixel value that becomes 1, from `learn_range`. It is ignored for a file that
            cannot hold this value.
    """

    root: str
    names: Sequence[str]
    mode: str
    side: int
    maximum: int = 0

    def __post_init__(self) -> None:
        silence_pillow()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, indices: Indices) -> Tensor:
        """Returns decoded images of shape (n, C, side, side)."""
        images = self._decode(
            indices,
            lambda path: read_center_crop(path, self.mode, self.side, self._choose_maximum),
        )
        return torch.stack(images) if images else torch.empty(0, *self.shape[1:]).byte()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of all images, (N, C, side, side)."""
        return len(self), len(self.mode), self.side, self.side

    @property
    def paths(self) -> list[str]:
        """The path of each file."""
        return [os.path.join(self.root, name) for name in self.names]

    def take(self, indices: Sequence[int]) -> LazyImages:
        """Returns the images at some indices."""
        return replace(self, names=[self.names[i] for i in indices])

    def concat(self, other: LazyImages) -> LazyImages:
        """Returns these images followed by other images of the same folder."""
        return replace(self, names=[*self.names, *other.names])

    def decode_uncropped(self, indices: Indices, short_side: int) -> list[Tensor]:
        """Returns uncropped images, each of shape (C, H, W).

        An image is scaled down if its short side is longer than `short_side`.
        """
        fit = partial(_shrink_image, short_side=short_side)
        return self._decode(
            indices,
            lambda path: _read_pixels(path, self.mode, fit, short_side, self._choose_maximum),
        )

    def describe_files(self) -> Iterator[bytes]:
        """Yields the mode, name and size of each file as bytes to hash.

        Hashing the contents of all files would take minutes.
        """
        for name, path in zip(self.names, self.paths, strict=True):
            try:
                size = os.path.getsize(path)
            except OSError as error:
                raise DataError(f"{path} cannot be read: {error.strerror}") from error
            yield f"{self.mode} {name} {size}\n".encode(errors="surrogateescape")

    def learn_range(self) -> tuple[int, tuple[str, ...]]:
        """Returns the pixel value that becomes 1, and notes for the user.

        The values of a sample of images decide. The search ends at the first bright image.
        """
        step = -(-len(self) // MAX_EXAMINED_IMAGES)
        brightest: PixelRange | None = None
        for path in self.paths[::step]:
            image = decode_image(path, self.mode, short_side=self.side)
            pixel_range = file_pixel_range(image.pixels, image.type_maximum)
            if DIM_RATIO * pixel_range.high >= image.type_maximum:
                return image.type_maximum, ()
            if brightest is None or pixel_range.high > brightest.high:
                brightest = pixel_range
        assert brightest is not None
        maximum = learn_maximum({"train": brightest}, self.root)
        return maximum, describe_range(brightest, maximum)

    def _choose_maximum(self, pixel_range: PixelRange) -> int:
        return training_file_maximum(pixel_range, self.maximum)

    def _decode(self, indices: Indices, read: Callable[[str], Tensor]) -> list[Tensor]:
        if isinstance(indices, slice):
            return map_in_threads(read, self.paths[indices])
        chosen = indices.tolist() if isinstance(indices, Tensor) else indices
        return map_in_threads(read, self.take(chosen).paths)


def map_in_threads(read: Callable[[str], Result], paths: Iterable[str]) -> list[Result]:
    """Returns `read(path)` for each path, computed in as many threads as torch uses."""
    # Pillow decodes without Python's lock. torch knows how many cores this worker may use.
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        return list(threads.map(read, paths))


def read_center_crop(path: str, mode: str, side: int, choose_maximum: ChooseMaximum) -> Tensor:
    """Returns the center square of an image file as bytes with shape (C, side, side)."""
    fit = partial(_resize_and_center_crop, side=side)
    return _read_pixels(path, mode, fit, side, choose_maximum)


def _read_pixels(
    path: str, mode: str, fit: Fit, short_side: int, choose_maximum: ChooseMaximum
) -> Tensor:
    image = decode_image(path, mode, fit, short_side)
    maximum = choose_maximum(file_pixel_range(image.pixels, image.type_maximum))
    pixels = rescale_pixels(image.pixels, image.type_maximum, maximum)
    if pixels.dtype.kind == "f":
        pixels = (pixels * 255).round().astype(np.uint8)
    return torch.from_numpy(pixels)


def _resize_and_center_crop(image: Image.Image, side: int) -> Image.Image:
    """Returns the center of an image, scaled to `side`.

    Scaling and cropping are one step, because scaling first would make a long strip very large.
    """
    from PIL.Image import Resampling

    crop = min(image.size) * side / round(side * RESIZE_RATIO)
    left, top = (image.width - crop) / 2, (image.height - crop) / 2
    return image.resize((side, side), Resampling.BICUBIC, (left, top, left + crop, top + crop))


def _shrink_image(image: Image.Image, short_side: int) -> Image.Image:
    from PIL.Image import Resampling

    scale = short_side / min(image.size)
    if scale >= 1:
        return image
    width, height = (max(short_side, round(length * scale)) for length in image.size)
    return image.resize((width, height), Resampling.BICUBIC)
