"""New images: files, folders of them, lists of their paths, and arrays of pixels."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from ..batches import evaluation_batch_size
from ..data_error import DataError
from ..parts import to_float
from ..sources.file_types import is_array, is_table
from ..sources.image_decoding import (
    COLOR_MODES,
    ImageFormat,
    open_image,
    read_image,
    silence_pillow,
    to_upright,
)
from ..sources.image_folder import file_stat, find_images, format_skipped
from ..sources.image_list_columns import find_path_column, read_image_list
from ..sources.lazy_images import map_in_threads, read_center_crop
from ..sources.pixel_range import (
    PixelRange,
    file_pixel_range,
    infer_new_file_maximum,
    rescale_pixels,
)
from ..sources.resizing import COLORS_LOST_REASON
from .input_paths import STANDARD_INPUT, read_standard_input_lines, resolve_paths, to_printable
from .new_arrays import read_new_array
from .new_items import NewItems, Preparation, PreparedBatch

MODE_BY_CHANNELS = {1: "L", 3: "RGB"}
"""What Pillow calls images of so many channels."""

MAX_DECODED_FILES = 100  # files in a batch: photographs take a while, and progress is to be seen

log = logging.getLogger(__name__)


def read_new_images(given: Sequence[str], preparation: Preparation) -> list[NewItems]:
    """Finds images; what lies in files is decoded when it is needed.

    A file that cannot be read, or is in colors where training saw none, is named with the reason
    in its batch. Folders are searched to the bottom, hidden files aside.

    Args:
        given: Image files, folders, globs, .csv files that name images, .npy and .npz files, or
            `-` for paths on standard input, one a line.
        preparation: How the images of training were prepared.

    Raises:
        DataError: If a file or folder is missing or holds no images, or an array does not fit.
    """
    found: list[NewItems] = []
    files = (file for one in given for file in _find_files(one))
    for arrays, group in groupby(files, lambda file: is_array(file.path)):
        chosen = list(group)
        if arrays:
            found += [read_new_array(file.path, preparation) for file in chosen]
        else:
            found.append(_lazy_items(chosen, preparation))
    return found


class _ImageFile(NamedTuple):
    """A file, and what the other columns of a list say of it."""

    path: str
    columns: Mapping[str, str]


def _find_files(given: str) -> Iterator[_ImageFile]:
    """Gives all files that are meant, of which some may be arrays."""
    if given == STANDARD_INPUT:
        yield from (_ImageFile(line, {}) for line in read_standard_input_lines())
        return
    for path in resolve_paths(given):
        if os.path.isdir(path):
            yield from (_ImageFile(one, {}) for one in _files_of_folder(path))
        elif is_table(path):
            yield from _files_of_list(Path(path))
        else:
            yield _ImageFile(path, {})


def _files_of_list(path: Path) -> Iterator[_ImageFile]:
    columns = dict(read_image_list(path))
    names = columns.pop(find_path_column(path, columns))
    for row, name in enumerate(names):
        said = {column: values[row] for column, values in columns.items()}
        yield _ImageFile(str(path.parent / name), said)


def _files_of_folder(folder: str) -> Iterator[str]:
    notes: Counter[str] = Counter()
    found = sorted(find_images(Path(folder), notes))
    if not found:
        raise DataError(
            f"{folder} holds no images" + (f"; {format_skipped(notes)}" if notes else "")
        )
    if notes:
        log.info("%s: %s", folder, format_skipped(notes))
    yield from (os.path.join(folder, *inner) for inner, _ in found)


def _lazy_items(files: Sequence[_ImageFile], preparation: Preparation) -> NewItems:
    """Returns image files, which are decoded when they are needed."""
    paths, shape = [file.path for file in files], preparation.spec.shape
    if shape[0] not in MODE_BY_CHANNELS:
        raise DataError(f"the network reads images of {shape[0]} channels: give it an array")
    silence_pillow()

    def try_to_prepare(path: str) -> Tensor | DataError:
        try:
            return _prepare_image(path, preparation)
        except DataError as error:
            return error

    def read(cut: slice) -> PreparedBatch:
        images, reasons = [torch.empty(0, *shape)], []
        for path, image in zip(
            paths[cut], map_in_threads(try_to_prepare, paths[cut]), strict=True
        ):
            if isinstance(image, Tensor):
                images.append(image[None])
            reasons.append("" if isinstance(image, Tensor) else _reason_without_path(image, path))
        return PreparedBatch(list(map(to_printable, paths[cut])), torch.cat(images), reasons)

    size = min(MAX_DECODED_FILES, evaluation_batch_size(torch.empty(0, *shape)))
    columns = pd.DataFrame([file.columns for file in files], index=range(len(files)))
    return NewItems(list(map(to_printable, paths)), read, size, columns=columns)


def _reason_without_path(error: DataError, path: str) -> str:
    return str(error).removeprefix(f"{path} ")


def _prepare_image(path: str, preparation: Preparation) -> Tensor:
    """Returns an image as training would have seen it, with values in [0, 1]."""
    channels, height, width = preparation.spec.shape
    if file_stat(path) is None:  # to open a pipe would wait for ever
        raise DataError(f"{path} is not a file that can be read")
    if channels == 1:
        _check_gray(path)
    mode = MODE_BY_CHANNELS[channels]

    def maximum(extent: PixelRange) -> int:
        try:
            return infer_new_file_maximum(extent, preparation.spec.pixel_maximum)
        except DataError as error:
            raise DataError(f"{path} {error}") from error

    if preparation.streamed:
        return to_float(read_center_crop(path, mode, height, maximum))
    type_maximum, pixels = read_image(path, ImageFormat(mode, (width, height), deep=True))
    extent = file_pixel_range(pixels, type_maximum)
    return torch.from_numpy(rescale_pixels(pixels, type_maximum, maximum(extent)))


def _check_gray(path: str) -> None:
    """Refuses colors; a gray image may be stored as a colored one."""
    import numpy as np

    with open_image(path) as image:
        if image.mode in COLOR_MODES:
            pixels = np.asarray(to_upright(image, "RGB", path))
            if (pixels != pixels[..., :1]).any():
                raise DataError(f"{path} {COLORS_LOST_REASON}")
