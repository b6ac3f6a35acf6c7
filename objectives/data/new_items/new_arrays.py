"""Reads new items from arrays, of files (.npy, .npz) or in memory."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....models.data_spec import Kind
from ..data_error import DataError
from ..parts import is_valid_number
from ..sources.array_file import read_array_items, to_float64_rows
from ..sources.pixel_range import array_pixel_range, infer_new_maximum, to_unit_range
from ..sources.resizing import convert_channels, crop_and_resize
from .new_items import NewItems, Preparation

INVALID_VALUE_REASON = "holds values that are not finite, or beyond 1e150"
PIXEL_RANGE_REASON = "holds pixels beyond the range of the others"


def read_new_array(path: str, preparation: Preparation) -> NewItems:
    """Returns the items of a .npy or .npz file, each named by path and index: `x.npy[0]`."""
    kind, values = read_array_items(Path(path))
    return prepare_array(kind, values, path, preparation)


def prepare_array(
    kind: Kind, values: NDArray[Any], name: str, preparation: Preparation
) -> NewItems:
    """Returns the items of an array, each named by the name of the array and the index.

    `values` has shape (N, F), or (N, C, H, W) for images.
    """
    is_invalid = ~is_valid_number(values.reshape(len(values), -1)).all(axis=1)
    values = _set_items_to_zero(values, is_invalid)
    reasons = np.where(is_invalid, INVALID_VALUE_REASON, "").astype(object)
    if kind == "image":
        items, is_out_of_range = _scale_pixels(values, preparation, name)
        reasons[is_out_of_range & ~is_invalid] = PIXEL_RANGE_REASON
    else:
        items = to_float64_rows(values)
    items = prepare_like_training(items, kind, preparation, name)
    names = [f"{name}[{index}]" for index in range(len(items))]
    return NewItems.from_tensor(names, items, reasons.tolist())


def _set_items_to_zero(values: NDArray[Any], mask: Any) -> NDArray[Any]:
    return np.where(mask.reshape(-1, *[1] * (values.ndim - 1)), values.dtype.type(0), values)


def _scale_pixels(
    values: NDArray[Any], preparation: Preparation, name: str
) -> tuple[Tensor, NDArray[np.bool_]]:
    """Returns images in [0, 1], and a mask of the images that exceed the pixel range of training.

    If at least half of the images exceed that range, all images are assumed to have another range,
    and the mask is empty.
    """
    trained, rows = preparation.spec.pixel_maximum, values.reshape(len(values), -1)
    lows, highs = rows.min(1), rows.max(1)
    typical = np.median(highs[highs > 0].tolist() or [0])
    limit = 1 if values.dtype.kind == "f" and not typical > 1 else trained or np.inf
    is_out_of_range = (lows < 0) | (highs > limit)
    if 2 * is_out_of_range.sum() >= len(values):
        is_out_of_range = np.zeros(len(values), bool)
    values = _set_items_to_zero(values, is_out_of_range)
    try:
        maximum = infer_new_maximum(array_pixel_range(values), trained)
    except DataError as error:
        raise DataError(f"{name} {error}") from error
    return torch.from_numpy(to_unit_range(values, maximum)), is_out_of_range


def prepare_like_training(
    items: Tensor, kind: Kind, preparation: Preparation, name: str
) -> Tensor:
    """Returns items (N, ...) with the shape and the channels that the network takes.

    Images are resized if the training images were resized.
    """
    spec, side = preparation.spec, preparation.image_size
    if kind == spec.kind == "image":
        try:
            items = convert_channels(items, spec.shape[0])
        except DataError as error:
            raise DataError(f"{name} {error}") from error
        items = items if side is None else crop_and_resize(items, side)
    if kind != spec.kind or items.shape[1:] != spec.shape:
        shape = "x".join(map(str, items.shape[1:]))
        raise DataError(f"{name} holds items of {shape}, but the network reads {spec}")
    return items
