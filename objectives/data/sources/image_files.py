"""Reads the image files of all parts into memory, or makes LazyImages if they are too large."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from ....models.data_spec import DataSpec
from ..data_error import DataError, FileState
from ..parts import Items, LoadedDataset, Part
from ..preparation.hold_out import TEST_FRACTION, first_occurrences_of_files, split_indices
from ..tensor_cache import read_through_cache
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
from .source import Source

if TYPE_CHECKING:
    from .split_column import SplitColumn

MAX_BYTES_IN_MEMORY = 2 * 2**30
"""If the pixels of a data set take more bytes than this, images are decoded on demand."""


class ImageFiles(NamedTuple):
    """The image files of one part.

    Attributes:
        root: The folder that `names` are relative to.
        names: Relative paths of the files, with `/` between folders; at least one.
        states: Size and modification time of each file.
        labels: The class name of each file; None without classes.
        source: The folder, or the list that names the files; used in error messages.
        rows: The position of each file in `source`, from 0. If None, the files are in the order of
            `source`.
        split_column: The groups or times of the files; None if they are split at random.
    """

    root: str
    names: Sequence[str]
    states: Sequence[FileState]
    labels: Sequence[str] | None
    source: str
    rows: Sequence[int] | None = None
    split_column: SplitColumn | None = None

    @property
    def paths(self) -> Iterator[str]:
        """The path of each file."""
        return (os.path.join(self.root, name) for name in self.names)

    def take(self, indices: Sequence[int]) -> ImageFiles:
        """Returns the files at some indices."""
        names, states = [self.names[i] for i in indices], [self.states[i] for i in indices]
        labels = None if self.labels is None else [self.labels[i] for i in indices]
        split_column = self.split_column and self.split_column.take(indices)
        return ImageFiles(self.root, names, states, labels, self.source, indices, split_column)

    def targets(self, classes: Sequence[str]) -> Tensor | None:
        """Returns the class number of each file; None if there are fewer than two classes."""
        if len(classes) < 2:
            return None
        if self.labels is None:
            raise DataError(f"{self.source} has no classes, but the training part has: add them")
        unknown = sorted(set(self.labels) - set(classes))
        if unknown:
            raise DataError(
                f"{self.source} has a class {unknown[0]!r} that the training part lacks: remove it"
            )
        numbers = {name: number for number, name in enumerate(classes)}
        return torch.tensor([numbers[name] for name in self.labels])


class _Images(NamedTuple):
    """The images of each part, the pixel value in their files that becomes 1, and user notes."""

    parts: Mapping[str, Items]
    maximum: int
    notes: tuple[str, ...]


def read_image_files(
    parts: dict[str, ImageFiles],
    classes: tuple[str, ...],
    source: Source,
    cache: Path | None,
    notes: tuple[str, ...] = (),
) -> LoadedDataset:
    """Reads the images of each part, and returns them as a data set.

    If the images are too large for memory, they are decoded on demand. If there is no test part, a
    fixed fifth of the training part becomes the test part. `cache` is the folder that keeps
    decoded images; if None, they are not kept.
    """
    place = os.path.realpath(source.name)
    if "test" not in parts:
        train = parts["train"]
        paths, state = list(train.paths), repr((train.names, train.states))
        first_indices = read_through_cache(
            cache,
            f"{place} equal files",
            state,
            len(paths),
            lambda: torch.tensor(first_occurrences_of_files(paths)),
        ).tolist()
        targets, n = train.targets(classes), len(paths)
        keys = None if train.split_column is None else train.split_column.keys
        split = split_indices(targets, n, TEST_FRACTION, 0, first_indices, keys)
        parts = parts | dict(zip(("train", "test"), map(train.take, split), strict=True))
    part_targets = {part: files.targets(classes) for part, files in parts.items()}
    # The order matters, because the cached images have no names.
    state = repr([(files.root, files.names, files.states) for files in parts.values()])
    total = sum(len(files.names) for files in parts.values())
    read = partial(read_through_cache, cache, f"{place} {source.image_size}", state, total)
    images = _lazy_images(parts, source) or _images_in_memory(parts, source, read)
    dataset = {
        part: Part(
            images.parts[part],
            part_targets[part],
            None if files.rows is None else torch.tensor(files.rows),
            None if files.split_column is None else files.split_column.keys,
        )
        for part, files in parts.items()
    }
    split_column = parts["train"].split_column
    spec = DataSpec(
        tuple(dataset["train"].inputs.shape[1:]),
        classes=classes if len(classes) > 1 else (),
        pixel_maximum=images.maximum,
        columns=() if split_column is None else (split_column.kind,),
    )
    all_notes = (*images.notes, *notes)
    return LoadedDataset(dataset["train"], dataset["test"], spec, dataset.get("val"), all_notes)


def _lazy_images(parts: Mapping[str, ImageFiles], source: Source) -> _Images | None:
    """Returns images that are decoded on demand; None if all images fit into memory."""
    mode_and_side = _lazy_mode_and_side(parts, source)
    if mode_and_side is None:
        return None
    lazy = {
        part: LazyImages(files.root, files.names, *mode_and_side) for part, files in parts.items()
    }
    maximum, notes = lazy["train"].learn_range()
    images = {part: replace(files, maximum=maximum) for part, files in lazy.items()}
    return _Images(images, maximum, notes)


def _images_in_memory(
    parts: Mapping[str, ImageFiles], source: Source, read: Callable[[Callable[[], Tensor]], Tensor]
) -> _Images:
    paths = [path for files in parts.values() for path in files.paths]
    pixels = read(lambda: read_images(paths, source.image_size))
    lengths = [len(files.names) for files in parts.values()]
    images = dict(zip(parts, torch.split(pixels, lengths), strict=True))  # views, not copies
    type_maximum = BYTE
    if pixels.is_floating_point():
        with open_image(paths[0]) as first:
            type_maximum = 1 if first.mode == "F" else WORD
    arrays = {part: tensor.numpy() for part, tensor in images.items()}
    ranges = {part: file_pixel_range(array, type_maximum) for part, array in arrays.items()}
    if type_maximum == 1:
        return _Images(images, 0, describe_range(ranges["train"], 1))
    maximum = learn_maximum(ranges, parts["train"].source)
    rescaled = {
        part: torch.from_numpy(rescale_pixels(array, type_maximum, maximum))
        for part, array in arrays.items()
    }
    return _Images(rescaled, maximum, describe_range(ranges["train"], maximum))


def _lazy_mode_and_side(parts: Mapping[str, ImageFiles], source: Source) -> tuple[str, int] | None:
    """Returns mode and side of images that are decoded on demand; None if they fit into memory.

    Only the necessary file headers are read; for photographs, two are usually enough.
    """
    side = source.image_size or DEFAULT_SIDE
    total = sum(len(files.names) for files in parts.values())
    if not source.stream and 3 * total * side**2 <= MAX_BYTES_IN_MEMORY:
        return None
    has_colors, sizes = False, set[tuple[int, int]]()
    with ignore_pillow_warnings():
        for mode, size in read_image_headers(p for files in parts.values() for p in files.paths):
            has_colors = has_colors or mode not in (*GRAY_MODES, *HIGH_BIT_MODES)
            sizes.add(size)
            same_size = len(sizes) == 1 and max(size) <= side  # nothing is cut off
            if has_colors and not same_size:
                break
    width, height = size if same_size and source.image_size is None else (side, side)
    n_bytes = total * (3 if has_colors else 1) * width * height
    if n_bytes <= MAX_BYTES_IN_MEMORY and (same_size or not source.stream):
        return None
    return "RGB" if has_colors else "L", side
