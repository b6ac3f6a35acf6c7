"""Other data, prepared as those that a network was trained on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from torch import Tensor

from ...models.data_spec import DataSpec, Kind
from .errors import DataError
from .parts import Part
from .sources.photos import Photos
from .sources.resize import COLOURED, in_channels, scaled
from .sources.source import has_photos, holds_columns
from .splits import Splits, read_splits

if TYPE_CHECKING:
    from .module import TensorData
    from .parts import Items

WHAT: dict[Kind, str] = {"image": "images of {}", "table": "rows of {}", "text": "texts of {}"}


def read_alike(name: str, data: TensorData) -> Splits:
    """Reads other data such that a network of some data can look at them.

    Images get the same size, cut from their files in the same way, and gray ones the channels of
    those in colours; features of a table are found by their names.

    Args:
        name: A data set of the list, a file or a folder.
        data: The data that they shall be like.

    Raises:
        DataError: If they are missing or broken, are the same data, or cannot be made alike.
    """
    source, side = data.source, _side(data.spec)
    splits = None
    if os.path.abspath(name) != os.path.abspath(source.name):
        source = source._replace(
            name=name,
            image_size=side if has_photos(name) else None,
            target=source.target if holds_columns(name) else None,
            numbers=False,
            stream=isinstance(data.splits.train.inputs, Photos),
        )
        splits = read_splits(source, data.seed, data.cache)
    if splits is None or splits.fingerprint == data.fingerprint:
        raise DataError(f"{name} is what the network was trained on: name other data")
    try:
        train, val, test = (Part(_alike(x, splits.spec, data.spec), y) for x, y in splits[:3])
    except DataError as error:
        raise DataError(f"{name} {error}") from error
    return Splits(train, val, test, data.spec, splits.fingerprint)


def _side(spec: DataSpec) -> int | None:
    """Returns the side of square images."""
    return spec.shape[1] if spec.kind == "image" and spec.shape[1] == spec.shape[2] else None


def _alike(items: Items, theirs: DataSpec, ours: DataSpec) -> Items:
    """Returns items in the shape of ours."""
    side, wanted = _side(ours), WHAT[ours.kind].format(ours)
    if theirs.kind == ours.kind == "image":
        items = _in_channels(items, ours.shape[0])
        if side is not None and isinstance(items, Tensor):
            items = scaled(items, side)
    elif theirs.kind == ours.kind == "table" and theirs.features and ours.features:
        missing = [name for name in ours.features if name not in theirs.features]
        if missing:
            raise DataError(f"has no feature {missing[0]!r}, which the network has seen")
        assert isinstance(items, Tensor)
        items = items[:, [theirs.features.index(name) for name in ours.features]]
    if theirs.kind != ours.kind or tuple(items.shape[1:]) != ours.shape:
        found = WHAT[theirs.kind].format(theirs)
        raise DataError(f"holds {found}, and the network has seen {wanted}")
    return items


def _in_channels(items: Items, channels: int) -> Items:
    """Returns images with as many channels as the network has seen, if they lose no colours."""
    if isinstance(items, Tensor):
        return in_channels(items, channels)
    if items.shape[1] > channels:
        raise DataError(COLOURED)
    return Photos(items.root, items.names, "RGB", items.side) if channels == 3 else items
