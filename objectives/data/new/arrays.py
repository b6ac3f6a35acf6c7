"""New items in memory: of a .npy or .npz file."""

from pathlib import Path

from torch import Tensor

from ....models.data_spec import Kind
from ..errors import DataError
from ..sources.arrays import read_items
from ..sources.resize import in_channels, scaled
from .items import NewItems, Preparation


def new_array(path: str, like: Preparation) -> NewItems:
    """Reads an array of items; they are called by their places, from 0.

    Args:
        path: A .npy file, or an .npz file with the items under `x`, which labels may lie beside.
        like: How the items of training were prepared.

    Raises:
        DataError: If it cannot be read, or holds items of another shape or in colours.
    """
    kind, items = read_items(Path(path))
    items = as_trained(items, kind, like, path)
    return NewItems.in_memory([f"{path}[{place}]" for place in range(len(items))], items)


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
