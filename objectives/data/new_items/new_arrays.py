"""New items in memory: of a .npy or .npz file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ....models.data_spec import Kind
from ..data_error import DataError
from ..parts import is_valid_number
from ..sources.array_file import read_items, to_float64_rows
from ..sources.pixel_range import array_pixel_range, infer_new_maximum, to_unit_range
from ..sources.resizing import convert_channels, crop_and_resize
from .new_items import NewItems, Preparation

if TYPE_CHECKING:
    from numpy.typing import NDArray

INVALID_VALUE_REASON = "holds values that are not finite, or beyond 1e150"
PIXEL_RANGE_REASON = "holds pixels beyond the range of the others"


def read_new_array(path: str, preparation: Preparation) -> NewItems:
    """Reads an array of items; they are called by their places, from 0.

    Args:
        path: A .npy file, or an .npz file with the items under `x`, which labels may lie beside.
        preparation: How the items of training were prepared.

    Raises:
        DataError: If it cannot be read, or holds items of another shape, in colors, or of another
            range than those of training.
    """
    kind, values = read_items(Path(path))
    is_invalid = ~is_valid_number(values.reshape(len(values), -1)).all(1)
    values = np.where(
        is_invalid.reshape(-1, *[1] * (values.ndim - 1)), values.dtype.type(0), values
    )
    reasons = np.where(is_invalid, INVALID_VALUE_REASON, "").astype(object)
    if kind == "image":
        items, is_out_of_range = _to_unit_range(values, preparation, path)
        reasons[is_out_of_range & ~is_invalid] = PIXEL_RANGE_REASON
    else:
        items = to_float64_rows(values, path)
    items = prepare_like_training(items, kind, preparation, path)
    names = [f"{path}[{place}]" for place in range(len(items))]
    return NewItems.from_tensor(names, items, reasons.tolist())


def _to_unit_range(
    values: NDArray[Any], preparation: Preparation, name: str
) -> tuple[Tensor, NDArray[np.bool_]]:
    """Returns images in [0, 1] by the range that training learned, and which of them leave it.

    Those that leave it are a few; if they are most, all are taken to be of another range.

    Raises:
        DataError: If that range is unclear.
    """
    trained, rows = preparation.spec.pixel_maximum, values.reshape(len(values), -1)
    lows, highs = rows.min(1), rows.max(1)
    fractions = values.dtype.kind == "f" and not np.median(highs[highs > 0].tolist() or [0]) > 1
    most = 1 if fractions else trained or np.inf
    is_out_of_range = (lows < 0) | (highs > most)
    if 2 * is_out_of_range.sum() >= len(values):
        is_out_of_range = np.zeros(len(values), bool)
    values = np.where(is_out_of_range.reshape(-1, 1, 1, 1), values.dtype.type(0), values)
    try:
        maximum = infer_new_maximum(array_pixel_range(values), trained)
    except DataError as error:
        raise DataError(f"{name} {error}") from error
    return torch.from_numpy(to_unit_range(values, maximum)), is_out_of_range


def prepare_like_training(
    items: Tensor, kind: Kind, preparation: Preparation, name: str
) -> Tensor:
    """Returns items as a network takes them.

    Images are scaled if those of training were, and gray ones get three channels for a network
    that has seen colors.

    Args:
        items: Items, with shape (N, ...).
        kind: What they are.
        preparation: How the items of training were prepared.
        name: What they are called in errors.

    Raises:
        DataError: If they are of another shape, or in colors that the network has not seen.
    """
    if kind == preparation.spec.kind == "image":
        try:
            items = convert_channels(items, preparation.spec.shape[0])
        except DataError as error:
            raise DataError(f"{name} {error}") from error
        items = (
            items
            if preparation.image_size is None
            else crop_and_resize(items, preparation.image_size)
        )
    if kind != preparation.spec.kind or items.shape[1:] != preparation.spec.shape:
        shape = "x".join(map(str, items.shape[1:]))
        raise DataError(f"{name} holds items of {shape}, and the network reads {preparation.spec}")
    return items
