"""Resizing of images in memory, and conversion of their channels."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..data_error import DataError
from ..parts import LoadedDataset, Part, to_float

MAX_SIDE = 2048
CHUNK_SIZE = 4096
COLORS_LOST_REASON = "holds colors, but the network has seen only gray images: convert it"
"""The reason to refuse a color image for a gray network; the name of the image goes in front."""


def check_image_size(side: int | None) -> None:
    """Raises DataError if images cannot have such a side."""
    if side is not None and not 1 <= side <= MAX_SIDE:
        raise DataError(f"`image_size=` must be from 1 to {MAX_SIDE}, not {side}")


def resize_dataset(dataset: LoadedDataset, side: int) -> LoadedDataset:
    """Crops the images of a data set to squares and scales them to a side."""

    def resize(part: Part) -> Part:
        assert isinstance(part.inputs, Tensor)  # other images were read at this size
        return Part(crop_and_resize(part.inputs, side), part.targets, part.rows)

    train, test = resize(dataset.train), resize(dataset.test)
    val = None if dataset.val is None else resize(dataset.val)
    spec = replace(dataset.spec, shape=tuple(train.inputs.shape[1:]))
    return dataset._replace(train=train, test=test, val=val, spec=spec)


def crop_and_resize(images: Tensor, side: int) -> Tensor:
    """Returns the central squares of images of shape (N, C, H, W), scaled to (side, side)."""
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
    """Returns images of shape (N, C, H, W) with the channels that a network takes.

    Gray images get three equal channels; color images with equal channels get one. Images of
    other numbers of channels stay unchanged.
    """
    if images.shape[1] == 1 and channels == 3:
        return images.expand(-1, 3, -1, -1)
    if images.shape[1] == 3 and channels == 1:
        if (images != images[:, :1]).any():
            raise DataError(COLORS_LOST_REASON)
        return images[:, :1]
    return images
