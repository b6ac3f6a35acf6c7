"""The image files of a data set: read into memory, or left where they are if they are too many."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ..equal_items import first_equal_file
from .photos import Photos
from .pixel_range import BYTE, WORD, extent_of_file, learned_maximum, range_notes, rescaled
from .pixels import DEEP, FOLDER_SIDE, GRAY, calm, headers, opened, read_images

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


class Images(NamedTuple):
    """The images of all parts.

    Attributes:
        parts: The images of each part.
        maximum: The number that stands for 1 in their files.
        notes: What a user should know of it.
    """

    parts: dict[str, Items]
    maximum: int
    notes: tuple[str, ...]


def read_listed(
    listed: Mapping[str, Listed], image_size: int | None, stream: bool, keep: Keep
) -> Images:
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
        photos = {part: Photos(*files, *seen) for part, files in listed.items()}
        maximum, notes = photos["train"].learned_range()
        return Images({part: p.in_range(maximum) for part, p in photos.items()}, maximum, notes)
    pixels = keep(total, lambda: read_images(list(paths()), image_size))
    read: dict[str, Tensor] = {}
    start = 0
    for part, (_, names) in listed.items():  # parts are slices: nothing is copied
        read[part] = pixels[start : start + len(names)]
        start += len(names)
    natural = BYTE
    if pixels.is_floating_point():
        with opened(next(paths())) as first:
            natural = 1 if first.mode == "F" else WORD
    return _in_learned_range(read, natural, listed["train"].root)


def equal_files(paths: Sequence[str], keep: Keep) -> list[int]:
    """Returns for each file the place of the first one with the same bytes; see `Keep`."""
    import torch

    firsts = keep(len(paths), lambda: torch.tensor(first_equal_file(paths)))
    return list(map(int, firsts))


def _in_learned_range(parts: Mapping[str, Tensor], natural: int, root: str) -> Images:
    """Returns images in [0, 1], of which the brightest may be far darker than their files allow.

    Args:
        parts: Images of each part as bytes, or as floats of which 1 is what their files allow.
        natural: What their files allow: 255, 65,535, or 1 if they hold floats.
        root: The folder, for errors.
    """
    import torch

    arrays = {part: images.numpy() for part, images in parts.items()}
    extents = {part: extent_of_file(array, natural) for part, array in arrays.items()}
    if natural == 1:
        return Images(dict(parts), 0, range_notes(extents["train"], 1))
    maximum = learned_maximum(extents, root)
    scaled = {p: torch.from_numpy(rescaled(a, natural, maximum)) for p, a in arrays.items()}
    return Images(dict(scaled), maximum, range_notes(extents["train"], maximum))


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
