"""New items in memory: of a .npy or .npz file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ....models.data_spec import Kind
from ..errors import DataError
from ..parts import is_measurable
from ..sources.arrays import numbers_in, read_items
from ..sources.pixel_range import extent_of, in_unit_range, maximum_of_new
from ..sources.resize import in_channels, scaled
from .items import NewItems, Preparation

if TYPE_CHECKING:
    from numpy.typing import NDArray

BROKEN = "holds values that are not finite, or beyond 1e150"
BEYOND = "holds pixels beyond the range of the others"


def new_array(path: str, like: Preparation) -> NewItems:
    """Reads an array of items; they are called by their places, from 0.

    Args:
        path: A .npy file, or an .npz file with the items under `x`, which labels may lie beside.
        like: How the items of training were prepared.

    Raises:
        DataError: If it cannot be read, or holds items of another shape, in colors, or of another
            range than those of training.
    """
    kind, values = read_items(Path(path))
    broken = ~is_measurable(values.reshape(len(values), -1)).all(1)
    values = np.where(broken.reshape(-1, *[1] * (values.ndim - 1)), values.dtype.type(0), values)
    reasons = np.where(broken, BROKEN, "").astype(object)
    if kind == "image":
        items, beyond = _pixels(values, like, path)
        reasons[beyond & ~broken] = BEYOND
    else:
        items = numbers_in(values, path)
    items = as_trained(items, kind, like, path)
    names = [f"{path}[{place}]" for place in range(len(items))]
    return NewItems.in_memory(names, items, reasons.tolist())


def _pixels(
    values: NDArray[Any], like: Preparation, name: str
) -> tuple[Tensor, NDArray[np.bool_]]:
    """Returns images in [0, 1] by the range that training learned, and which of them leave it.

    Those that leave it are a few; if they are most, all are taken to be of another range.

    Raises:
        DataError: If that range is unclear.
    """
    trained, rows = like.spec.pixel_maximum, values.reshape(len(values), -1)
    lows, highs = rows.min(1), rows.max(1)
    fractions = values.dtype.kind == "f" and not np.median(highs[highs > 0].tolist() or [0]) > 1
    most = 1 if fractions else trained or np.inf
    beyond = (lows < 0) | (highs > most)
    if 2 * beyond.sum() >= len(values):
        beyond = np.zeros(len(values), bool)
    values = np.where(beyond.reshape(-1, 1, 1, 1), values.dtype.type(0), values)
    try:
        maximum = maximum_of_new(extent_of(values), trained)
    except DataError as error:
        raise DataError(f"{name} {error}") from error
    return torch.from_numpy(in_unit_range(values, maximum)), beyond


def as_trained(items: Tensor, kind: Kind, like: Preparation, name: str) -> Tensor:
    """Returns items as a network takes them.

    Images are scaled if those of training were, and gray ones get three channels for a network
    that has seen colours.

    Args:
        items: Items, with shape (N, ...).
        kind: What they are.
        like: How the items of training were prepared.
        name: What they are called in errors.

    Raises:
        DataError: If they are of another shape, or in colours that the network has not seen.
    """
    if kind == like.spec.kind == "image":
        try:
            items = in_channels(items, like.spec.shape[0])
        except DataError as error:
            raise DataError(f"{name} {error}") from error
        items = items if like.image_size is None else scaled(items, like.image_size)
    if kind != like.spec.kind or items.shape[1:] != like.spec.shape:
        shape = "x".join(map(str, items.shape[1:]))
        raise DataError(f"{name} holds items of {shape}, and the network reads {like.spec}")
    return items
