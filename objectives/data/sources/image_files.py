"""The image files of a data set: read into memory, or left where they are if they are too many."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from .photos import Photos
from .pixels import DEEP, FOLDER_SIDE, GRAY, calm, headers, read_images

if TYPE_CHECKING:
    from torch import Tensor

    from ..parts import Items

    Keep: TypeAlias = Callable[[int, Callable[[], Tensor]], Tensor]
    """Returns what was read of so many files before, or reads it now."""

LARGEST = 2 * 2**30
"""Bytes of pixels that are kept in memory; images that take more stay in their files."""


class Listed(NamedTuple):
    """The image files of a part.

    Attributes:
        root: The folder that the names start from.
        names: The files, with `/` between folders, at least one.
    """

    root: str
    names: Sequence[str]


def read_listed(
    listed: Mapping[str, Listed], image_size: int | None, stream: bool, keep: Keep
) -> dict[str, Items]:
    """Reads the images of each part, or leaves them in their files.

    Args:
        listed: The files of each part.
        image_size: Side in pixels that they are scaled and cropped to. If None, they keep their
            own size if they share one of at most 64x64, else it is 64.
        stream: Whether images larger than that are left in their files, few as they may be.
        keep: What reads of all files are asked through, in the order of the parts.

    Raises:
        DataError: If one is no image, is broken or too large, or has values of unknown range.
    """

    def paths() -> Iterator[str]:
        return (os.path.join(root, name) for root, names in listed.values() for name in names)

    total = sum(len(names) for _, names in listed.values())
    seen = _streamed(paths(), total, image_size, stream)
    if seen is not None:
        return {part: Photos(*files, *seen) for part, files in listed.items()}
    pixels = keep(total, lambda: read_images(list(paths()), image_size))
    read: dict[str, Items] = {}
    start = 0
    for part, (_, names) in listed.items():  # parts are slices: nothing is copied
        read[part] = pixels[start : start + len(names)]
        start += len(names)
    return read


def _streamed(
    paths: Iterator[str], total: int, image_size: int | None, stream: bool
) -> tuple[str, int] | None:
    """Returns the mode and the side of images that are left in their files, else None.

    Photographs differ in size and have colours: after the first two, nothing is left to decide.
    """
    side = image_size or FOLDER_SIDE
    if not stream and 3 * total * side**2 <= LARGEST:
        return None
    colours, sizes = False, set[tuple[int, int]]()
    with calm():
        for mode, size in headers(paths):
            colours = colours or mode not in (*GRAY, *DEEP)
            sizes.add(size)
            whole = len(sizes) == 1 and max(size) <= side  # memory could hold all that is on them
            if colours and not whole:
                break
    width, height = size if whole and image_size is None else (side, side)
    if total * (3 if colours else 1) * width * height <= LARGEST and (whole or not stream):
        return None
    return "RGB" if colours else "L", side
