"""Resizes images in memory, and converts their number of channels."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ....models.pixels import to_float
from ..data_error import DataError
from ..parts import LoadedDataset, Part

MAX_IMAGE_SIDE = 2048
CHUNK_SIZE = 4096
COLORS_LOST_REASON = "holds colors, but the network has seen only gray images: convert it"
"""Why a network for gray images refuses a color image; a caller puts the image's name in front."""


def check_image_size(side: int | None) -> None:
    """Raises DataError if `side` is not a possible side of images."""
    if side is not None and not 1 <= side <= MAX_IMAGE_SIDE:
        raise DataError(f"`image_size=` must be from 1 to {MAX_IMAGE_SIDE}, not {side}")


def resize_dataset(dataset: LoadedDataset, side: int) -> LoadedDataset:
    """Returns a data set with its images cropped to squares and scaled to (side, side)."""

    def resize(part: Part) -> Part:
        assert isinstance(part.inputs, Tensor)  # other images were read at this size
        return Part(crop_and_resize(part.inputs, side), *part[1:])

    train, test = resize(dataset.train), resize(dataset.test)
    val = None if dataset.val is None else resize(dataset.val)
    spec = replace(dataset.spec, shape=tuple(train.inputs.shape[1:]))
    return dataset._replace(train=train, test=test, val=val, spec=spec)


def crop_and_resize(images: Tensor, side: int) -> Tensor:
    """Returns the center squares of images (N, C, H, W), scaled to (side, side)."""
    height, width = images.shape[2:]
    short_side = min(height, width)
    if (height, width) == (side, side):
        return images
    top, left = (height - short_side) // 2, (width - short_side) // 2
    squares = images[:, :, top : top + short_side, left : left + short_side]
    return torch.cat([_interpolate(chunk, side) for chunk in torch.split(squares, CHUNK_SIZE)])


def _interpolate(images: Tensor, side: int) -> Tensor:
    size = (side, side)
    resized = interpolate(to_float(images), size, mode="bicubic", antialias=True).clamp(0, 1)
    return (resized * 255).round().byte() if images.dtype == torch.uint8 else resized


def convert_channels(images: Tensor, channels: int) -> Tensor:
    """Returns images (N, C, H, W) with `channels` channels, which a network expects.

    A gray channel is repeated three times. Three equal channels become one. Images with another
    number of channels stay unchanged.
    """
    if images.shape[1] == 1 and channels == 3:
        return images.expand(-1, 3, -1, -1)
    if images.shape[1] == 3 and channels == 1:
        if (images != images[:, :1]).any():
            raise DataError(COLORS_LOST_REASON)
        return images[:, :1]
    return images
