"""The image files of a data set: read into memory, or left where they are if they are too many."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ..preparation.duplicates import first_occurrences_of_files
from .image_decoding import (
    DEFAULT_SIDE,
    GRAY_MODES,
    HIGH_BIT_MODES,
    ignore_pillow_warnings,
    open_image,
    read_image_headers,
    read_images,
)
from .lazy_images import LazyImages
from .pixel_range import (
    BYTE,
    WORD,
    describe_range,
    file_pixel_range,
    learn_maximum,
    rescale_pixels,
)

if TYPE_CHECKING:
    from torch import Tensor

    from ..parts import Items

    ReadCached: TypeAlias = Callable[[int, Callable[[], Tensor]], Tensor]
    """Returns what was read of so many files before, or reads it now."""

MAX_BYTES_IN_MEMORY = 2 * 2**30
"""Bytes of pixels that are kept in memory; images that take more stay in their files."""


class ListedImages(NamedTuple):
    """The image files of a part.

    Attributes:
        root: The folder that the names start from.
        names: The files, with `/` between folders, at least one.
    """

    root: str
    names: Sequence[str]


class LoadedImages(NamedTuple):
    """The images of all parts.

    Attributes:
        parts: The images of each part.
        maximum: The number that stands for 1 in their files.
        notes: What a user should know of it.
    """

    parts: dict[str, Items]
    maximum: int
    notes: tuple[str, ...]


def read_image_files(
    listed: Mapping[str, ListedImages],
    image_size: int | None,
    stream: bool,
    read_cached: ReadCached,
) -> LoadedImages:
    """Reads the images of each part, or leaves them in their files.

    Args:
        listed: The files of each part.
        image_size: Side in pixels that they are scaled and cropped to. If None, they keep their
            own size if they share one of at most 64x64, else it is 64.
        stream: Whether images larger than that are left in their files, few as they may be.
        read_cached: What reads of all files are asked through, in the order of the parts.

    Raises:
        DataError: If one is no image, is broken or too large, or has values of unknown range.
    """

    def paths() -> Iterator[str]:
        return (os.path.join(root, name) for root, names in listed.values() for name in names)

    total = sum(len(names) for _, names in listed.values())
    seen = _lazy_mode_and_side(paths(), total, image_size, stream)
    if seen is not None:
        photos = {part: LazyImages(*files, *seen) for part, files in listed.items()}
        maximum, notes = photos["train"].learn_range()
        return LoadedImages(
            {part: p.with_maximum(maximum) for part, p in photos.items()}, maximum, notes
        )
    pixels = read_cached(total, lambda: read_images(list(paths()), image_size))
    read: dict[str, Tensor] = {}
    start = 0
    for part, (_, names) in listed.items():  # parts are slices: nothing is copied
        read[part] = pixels[start : start + len(names)]
        start += len(names)
    type_maximum = BYTE
    if pixels.is_floating_point():
        with open_image(next(paths())) as first:
            type_maximum = 1 if first.mode == "F" else WORD
    return _with_learned_range(read, type_maximum, listed["train"].root)


def find_equal_files(paths: Sequence[str], read_cached: ReadCached) -> list[int]:
    """Returns for each file the place of the first one with the same bytes; see `ReadCached`."""
    import torch

    first_indices = read_cached(
        len(paths), lambda: torch.tensor(first_occurrences_of_files(paths))
    )
    return list(map(int, first_indices))


def _with_learned_range(parts: Mapping[str, Tensor], type_maximum: int, root: str) -> LoadedImages:
    """Returns images in [0, 1], of which the brightest may be far darker than their files allow.

    Args:
        parts: Images of each part as bytes, or as floats of which 1 is what their files allow.
        type_maximum: What their files allow: 255, 65,535, or 1 if they hold floats.
        root: The folder, for errors.
    """
    import torch

    arrays = {part: images.numpy() for part, images in parts.items()}
    extents = {part: file_pixel_range(array, type_maximum) for part, array in arrays.items()}
    if type_maximum == 1:
        return LoadedImages(dict(parts), 0, describe_range(extents["train"], 1))
    maximum = learn_maximum(extents, root)
    scaled = {
        p: torch.from_numpy(rescale_pixels(a, type_maximum, maximum)) for p, a in arrays.items()
    }
    return LoadedImages(dict(scaled), maximum, describe_range(extents["train"], maximum))


def _lazy_mode_and_side(
    paths: Iterator[str], total: int, image_size: int | None, stream: bool
) -> tuple[str, int] | None:
    """Returns the mode and the side of images that are left in their files, else None.

    Photographs differ in size and have colors: after the first two, nothing is left to decide.
    """
    side = image_size or DEFAULT_SIDE
    if not stream and 3 * total * side**2 <= MAX_BYTES_IN_MEMORY:
        return None
    has_colors, sizes = False, set[tuple[int, int]]()
    with ignore_pillow_warnings():
        for mode, size in read_image_headers(paths):
            has_colors = has_colors or mode not in (*GRAY_MODES, *HIGH_BIT_MODES)
            sizes.add(size)
            whole = len(sizes) == 1 and max(size) <= side  # memory could hold all that is on them
            if has_colors and not whole:
                break
    width, height = size if whole and image_size is None else (side, side)
    if total * (3 if has_colors else 1) * width * height <= MAX_BYTES_IN_MEMORY and (
        whole or not stream
    ):
        return None
    return "RGB" if has_colors else "L", side
