"""New items in memory: of a .npy or .npz file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ....models.data_spec import Kind
from ..errors import DataError
from ..sources.arrays import numbers_in, read_items
from ..sources.pixel_range import extent_of, in_unit_range, maximum_of_new
from ..sources.resize import in_channels, scaled
from .items import NewItems, Preparation

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    items = _pixels(values, like, path) if kind == "image" else numbers_in(values, path)
    items = as_trained(items, kind, like, path)
    return NewItems.in_memory([f"{path}[{place}]" for place in range(len(items))], items)


def _pixels(values: NDArray[Any], like: Preparation, name: str) -> Tensor:
    """Returns images in [0, 1], by the range that training has learned."""
    try:
        maximum = maximum_of_new(extent_of(values), like.spec.pixel_maximum)
    except DataError as error:
        raise DataError(f"{name} {error}") from error
    return torch.from_numpy(in_unit_range(values, maximum))


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
