"""Photographs too large for memory: files that look like the tensor of their pixels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ..data_error import DataError
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
    from torch import Tensor

    from .image_decoding import Fit

    Indices: TypeAlias = slice | Tensor | list[int]
    """Which items of a part are meant."""
    ChooseMaximum: TypeAlias = Callable[[PixelRange], int]
    """Says which number stands for 1 in a file with such values."""

R = TypeVar("R")

RESIZE_RATIO = 256 / 224
"""The short side of a photograph, in sides of what is cut out of it to look at."""

MAX_EXAMINED_IMAGES = 64  # photographs, to learn the range of their pixels


class LazyImages:
    """Image files in the place of the tensor of their pixels: decoded when they are cut out.

    The short side of a photograph is scaled to 256/224 of the side asked for, and the square in
    its middle is what is seen of it. All pixels are bytes.

    Args:
        root: The folder that the names start from.
        names: The files, with `/` between folders, at least one; absolute ones need no root.
        mode: `RGB`, or `L` if none of the images has colors.
        side: Height and width of what is cut out.
        maximum: The number that stands for 1 in files that can hold it, as `learn_range` finds.
    """

    def __init__(
        self, root: str, names: Sequence[str], mode: str, side: int, maximum: int = 0
    ) -> None:
        self.root, self.names, self.mode, self.side = root, list(names), mode, side
        self.maximum = maximum
        silence_pillow()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, chosen: Indices) -> Tensor:
        """Decodes photographs, with shape (n, C, S, S).

        Raises:
            DataError: If one is no image, or is broken or too large.
        """
        import torch

        def read(path: str) -> Tensor:
            return read_center_crop(path, self.mode, self.side, self._maximum)

        seen = self._decode(chosen, read)
        return torch.stack(seen) if seen else torch.empty(0, *self.shape[1:], dtype=torch.uint8)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of all of them, (N, C, S, S)."""
        return len(self), len(self.mode), self.side, self.side

    @property
    def paths(self) -> list[str]:
        """The path of each file."""
        return list(map(self._path, self.names))

    def take(self, indices: Sequence[int]) -> LazyImages:
        """Returns some of the photographs, still in their files."""
        return self._with([self.names[i] for i in indices])

    def concat(self, other: LazyImages) -> LazyImages:
        """Returns these photographs and others of the same folder behind them."""
        return self._with([*self.names, *other.names])

    def whole(self, chosen: Indices, short_side: int) -> list[Tensor]:
        """Decodes photographs with all that is on them, each with a shape (C, H, W) of its own.

        Args:
            chosen: Which.
            short_side: What the shorter of height and width is scaled down to, if it is longer.

        Raises:
            DataError: If one is no image, or is broken or too large.
        """

        def read(path: str) -> Tensor:
            fit = partial(_shrink, short_side=short_side)
            return _read_pixels(path, self.mode, fit, short_side, self._maximum)

        return self._decode(chosen, read)

    def identity(self) -> Iterator[bytes]:
        """Gives what tells these photographs from others: names and sizes of files, in order.

        To read what is in them would take minutes.

        Raises:
            DataError: If one of them is gone.
        """
        for name in self.names:
            try:
                size = os.path.getsize(self._path(name))
            except OSError as error:
                raise DataError(f"{self._path(name)} cannot be read: {error.strerror}") from error
            yield f"{self.mode} {name} {size}\n".encode(errors="surrogateescape")

    def plain(self) -> tuple[str, list[str], str, int, int]:
        """Returns what `LazyImages` is made of, as a safe file can hold it."""
        return self.root, self.names, self.mode, self.side, self.maximum

    def learn_range(self) -> tuple[int, tuple[str, ...]]:
        """Returns which number stands for 1, and what is to be said of it, by a look at a few.

        It looks at photographs at even distances, until one is bright enough to leave no doubt.

        Raises:
            DataError: If one is no image, or is broken or too large.
        """
        step = -(-len(self) // MAX_EXAMINED_IMAGES)
        found: PixelRange | None = None
        for name in self.names[::step]:
            type_maximum, pixels = decode_image(self._path(name), self.mode, short_side=self.side)
            extent = file_pixel_range(pixels, type_maximum)
            if DIM_RATIO * extent.high >= type_maximum:
                return type_maximum, ()
            found = extent if found is None or extent.high > found.high else found
        assert found is not None
        maximum = learn_maximum({"train": found}, self.root)
        return maximum, describe_range(found, maximum)

    def with_maximum(self, maximum: int) -> LazyImages:
        """Returns the photographs, in which another number stands for 1."""
        return LazyImages(self.root, self.names, self.mode, self.side, maximum)

    def _with(self, names: Sequence[str]) -> LazyImages:
        return LazyImages(self.root, names, self.mode, self.side, self.maximum)

    def _maximum(self, extent: PixelRange) -> int:
        return training_file_maximum(extent, self.maximum)

    def _path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def _decode(self, chosen: Indices, read: Callable[[str], Tensor]) -> list[Tensor]:
        import torch

        if isinstance(chosen, torch.Tensor):
            chosen = chosen.tolist()
        names = self.names[chosen] if isinstance(chosen, slice) else self.take(chosen).names
        return map_in_threads(read, map(self._path, names))


def map_in_threads(read: Callable[[str], R], paths: Iterable[str]) -> list[R]:
    """Returns what is read of each file, in their order, in as many threads as torch has."""
    import torch

    # Pillow decodes outside Python's lock; workers divide the cores, and torch knows how.
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        return list(threads.map(read, paths))


def read_center_crop(path: str, mode: str, side: int, choose_maximum: ChooseMaximum) -> Tensor:
    """Returns what is seen of a photograph, its middle, as bytes with shape (C, S, S).

    Args:
        path: The file.
        mode: `L` or `RGB`.
        side: Height and width of what is seen.
        choose_maximum: Says which number stands for 1.

    Raises:
        DataError: If it is no image, or is broken or too large.
    """
    return _read_pixels(
        path, mode, partial(_resize_and_center_crop, side=side), side, choose_maximum
    )


def _read_pixels(
    path: str, mode: str, fit: Fit, short_side: int, choose_maximum: ChooseMaximum
) -> Tensor:
    """Returns what is to be seen of an image file as bytes, with shape (C, H, W)."""
    import numpy as np
    import torch

    type_maximum, pixels = decode_image(path, mode, fit, short_side)
    pixels = rescale_pixels(
        pixels, type_maximum, choose_maximum(file_pixel_range(pixels, type_maximum))
    )
    if pixels.dtype.kind == "f":
        pixels = (pixels * 255).round().astype(np.uint8)
    return torch.from_numpy(pixels)


def _resize_and_center_crop(image: Image.Image, side: int) -> Image.Image:
    """Scales and crops at once, so that a long strip is never enlarged as a whole."""
    from PIL.Image import Resampling

    cut = min(image.size) * side / round(side * RESIZE_RATIO)
    left, top = (image.width - cut) / 2, (image.height - cut) / 2
    return image.resize((side, side), Resampling.BICUBIC, (left, top, left + cut, top + cut))


def _shrink(image: Image.Image, short_side: int) -> Image.Image:
    from PIL.Image import Resampling

    scale = short_side / min(image.size)
    if scale >= 1:
        return image
    width, height = (max(short_side, round(length * scale)) for length in image.size)
    return image.resize((width, height), Resampling.BICUBIC)
