"""Photographs too large for memory: files that look like the tensor of their pixels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ..errors import DataError
from .pixels import opened, silence_pillow, upright

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    Cut: TypeAlias = slice | Tensor | list[int]
    """Which items of a part are meant."""
    Fit: TypeAlias = Callable[[Image.Image], Image.Image]

R = TypeVar("R")

ROOM = 256 / 224
"""The short side of a photograph, in sides of what is cut out of it to look at."""


class Photos:
    """Image files in the place of the tensor of their pixels: decoded when they are cut out.

    The short side of a photograph is scaled to 256/224 of the side asked for, and the square in
    its middle is what is seen of it. All pixels are bytes.

    Args:
        root: The folder that the names start from.
        names: The files, with `/` between folders, at least one; absolute ones need no root.
        mode: `RGB`, or `L` if none of the images has colours.
        side: Height and width of what is cut out.
    """

    def __init__(self, root: str, names: Sequence[str], mode: str, side: int) -> None:
        self.root, self.names, self.mode, self.side = root, list(names), mode, side
        silence_pillow()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, chosen: Cut) -> Tensor:
        """Decodes photographs, with shape (n, C, S, S).

        Raises:
            DataError: If one is no image, or is broken or too large.
        """
        import torch

        seen = self._decoded(chosen, lambda path: read_photo(path, self.mode, self.side))
        return torch.stack(seen) if seen else torch.empty(0, *self.shape[1:], dtype=torch.uint8)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of all of them, (N, C, S, S)."""
        return len(self), len(self.mode), self.side, self.side

    def take(self, indices: Sequence[int]) -> Photos:
        """Returns some of the photographs, still in their files."""
        return Photos(self.root, [self.names[i] for i in indices], self.mode, self.side)

    def joined(self, other: Photos) -> Photos:
        """Returns these photographs and others of the same folder behind them."""
        return Photos(self.root, [*self.names, *other.names], self.mode, self.side)

    def whole(self, chosen: Cut, short: int) -> list[Tensor]:
        """Decodes photographs with all that is on them, each with a shape (C, H, W) of its own.

        Args:
            chosen: Which.
            short: What the shorter of height and width is scaled down to, if it is longer.

        Raises:
            DataError: If one is no image, or is broken or too large.
        """

        def read(path: str) -> Tensor:
            return _pixels(path, self.mode, lambda image: _shrunk(image, short), short)

        return self._decoded(chosen, read)

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

    def plain(self) -> tuple[str, list[str], str, int]:
        """Returns what `Photos` is made of, as a safe file can hold it."""
        return self.root, self.names, self.mode, self.side

    def _path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def _decoded(self, chosen: Cut, read: Callable[[str], Tensor]) -> list[Tensor]:
        import torch

        if isinstance(chosen, torch.Tensor):
            chosen = chosen.tolist()
        names = self.names[chosen] if isinstance(chosen, slice) else self.take(chosen).names
        return in_threads(read, map(self._path, names))


def in_threads(read: Callable[[str], R], paths: Iterable[str]) -> list[R]:
    """Returns what is read of each file, in their order, in as many threads as torch has."""
    import torch

    # Pillow decodes outside Python's lock; workers divide the cores, and torch knows how.
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        return list(threads.map(read, paths))


def read_photo(path: str, mode: str, side: int) -> Tensor:
    """Returns what is seen of a photograph, its middle, as bytes with shape (C, S, S).

    Raises:
        DataError: If it is no image, or is broken or too large.
    """
    return _pixels(path, mode, lambda image: _middle(image, side), side)


def _pixels(path: str, mode: str, fit: Fit, short: int) -> Tensor:
    """Returns what is to be seen of an image file as bytes, with shape (C, H, W)."""
    import numpy as np
    import torch
    from PIL import Image

    with opened(path) as image:
        # A JPEG of many more pixels than are needed is decoded to fewer of them, much faster.
        image.draft(None, (2 * short, 2 * short))
        seen = fit(upright(image, mode, path))
        if seen.mode == "F":
            values = np.asarray(seen).clip(0, 1) * 255
            seen = Image.fromarray(values.round().astype(np.uint8)).convert(mode)
        pixels = np.array(seen).reshape(seen.height, seen.width, len(mode))
    return torch.from_numpy(pixels).permute(2, 0, 1)


def _middle(image: Image.Image, side: int) -> Image.Image:
    """Scales and crops at once, so that a long strip is never enlarged as a whole."""
    from PIL.Image import Resampling

    cut = min(image.size) * side / round(side * ROOM)
    left, top = (image.width - cut) / 2, (image.height - cut) / 2
    return image.resize((side, side), Resampling.BICUBIC, (left, top, left + cut, top + cut))


def _shrunk(image: Image.Image, short: int) -> Image.Image:
    from PIL.Image import Resampling

    scale = short / min(image.size)
    if scale >= 1:
        return image
    width, height = (max(short, round(length * scale)) for length in image.size)
    return image.resize((width, height), Resampling.BICUBIC)
