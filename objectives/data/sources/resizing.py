"""Images in memory brought to another size, or to other channels."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..data_error import DataError
from ..parts import LoadedDataset, Part, to_float

MAX_SIDE = 2048  # pixels of a side
CHUNK_SIZE = 4096
COLORS_LOST_REASON = "holds colors, and the network has seen gray images alone: convert it"
"""What is said, behind a name, of images whose colors would be lost."""


def check_image_size(side: int | None) -> None:
    """Raises DataError if images cannot have such a side."""
    if side is not None and not 1 <= side <= MAX_SIDE:
        raise DataError(f"`image_size=` must be from 1 to {MAX_SIDE}, not {side}")


def resize_dataset(dataset: LoadedDataset, side: int) -> LoadedDataset:
    """Returns a data set whose images are squares of a side, cropped in the middle and scaled."""
    train, test = (_resize_part(part, side) for part in (dataset.train, dataset.test))
    val = None if dataset.val is None else _resize_part(dataset.val, side)
    spec = replace(dataset.spec, shape=tuple(train.inputs.shape[1:]))
    return dataset._replace(train=train, test=test, val=val, spec=spec)


def _resize_part(part: Part, side: int) -> Part:
    assert isinstance(part.inputs, Tensor)  # photographs in their files have their size already
    return Part(crop_and_resize(part.inputs, side), part.targets, part.rows)


def crop_and_resize(images: Tensor, side: int) -> Tensor:
    """Returns images, with shape (N, C, H, W), cropped in the middle to a side, and scaled."""
    height, width = images.shape[2:]
    least = min(height, width)
    if (height, width) == (side, side):
        return images
    top, left = (height - least) // 2, (width - least) // 2
    square = images[:, :, top : top + least, left : left + least]
    return torch.cat([_interpolate(chunk, side) for chunk in torch.split(square, CHUNK_SIZE)])


def _interpolate(images: Tensor, side: int) -> Tensor:
    drawn = interpolate(to_float(images), (side, side), mode="bicubic", antialias=True).clamp(0, 1)
    return (drawn * 255).round().byte() if images.dtype == torch.uint8 else drawn


def convert_channels(images: Tensor, channels: int) -> Tensor:
    """Returns gray images in three equal channels, or what was saved so in the one that it needs.

    Args:
        images: Images, with shape (N, C, H, W).
        channels: How many a network has seen; images of neither 1 nor 3 stay as they are.

    Raises:
        DataError: If colors would be lost.
    """
    if images.shape[1] == 1 and channels == 3:
        return images.expand(-1, 3, -1, -1)
    if images.shape[1] == 3 and channels == 1:
        if (images != images[:, :1]).any():
            raise DataError(COLORS_LOST_REASON)
        return images[:, :1]
    return images
