"""Reads new images from files, folders, lists of paths, and arrays of pixels."""

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ....models.pixels import to_float
from ..batches import evaluation_batch_size
from ..data_error import DataError, file_state
from ..sources.image_decoding import (
    COLOR_MODES,
    ImageFormat,
    open_image,
    read_image,
    read_images,
    silence_pillow,
    to_upright,
)
from ..sources.image_folder import find_images, format_skipped
from ..sources.image_lists import find_path_column, read_image_list
from ..sources.lazy_images import map_in_threads, read_center_crop
from ..sources.pixel_range import (
    PixelRange,
    file_pixel_range,
    infer_new_file_maximum,
    rescale_pixels,
)
from ..sources.resizing import COLORS_LOST_REASON
from ..sources.saved_dataset import SavedDataset
from ..sources.saved_images import packed_images
from ..sources.source import is_array, is_saved_dataset, is_table
from .new_arrays import prepare_array, read_new_array
from .new_items import (
    STANDARD_INPUT,
    NewItems,
    Preparation,
    PreparedBatch,
    read_standard_input,
    resolve_paths,
    split_lines,
    to_printable,
)

MODE_BY_CHANNELS = {1: "L", 3: "RGB"}
MAX_DECODED_FILES = 100  # files of a batch; decoding is slow, and the progress bar should move

log = logging.getLogger(__name__)


class _ImageFile(NamedTuple):
    """The path of an image file. If a list names the file, its other columns in that list."""

    path: str
    columns: Mapping[str, str]


def read_new_images(inputs: Sequence[str], preparation: Preparation) -> list[NewItems]:
    """Returns the images of all inputs; image files are decoded one batch at a time.

    An input is an image file, a folder, a glob, a .csv file with paths of images, or a .npy or
    .npz file. The input `-` stands for standard input with one path per line. Folders are searched
    recursively; hidden files are ignored. A file that cannot be read gets a reason in its batch.
    So does a color image if the network has seen only gray images.
    """
    items: list[NewItems] = []
    files = (file for name in inputs for file in _find_files(name))
    for are_arrays, group in groupby(files, lambda file: _holds_arrays(file.path)):
        if are_arrays:
            items += [
                read_new_array(file.path, preparation)
                if is_array(file.path)
                else _read_saved_images(file.path, preparation)
                for file in group
            ]
        else:
            items.append(_decode_on_demand(list(group), preparation))
    return items


def _find_files(name: str) -> Iterator[_ImageFile]:
    for path in resolve_paths(name):
        if path == STANDARD_INPUT:
            yield from (_ImageFile(line, {}) for line in split_lines(read_standard_input()))
        elif os.path.isdir(path) and not is_saved_dataset(path):
            yield from _files_of_folder(path)
        elif is_table(path) and not os.path.isdir(path):
            yield from _files_of_list(Path(path))
        else:
            yield _ImageFile(path, {})


def _holds_arrays(path: str) -> bool:
    """Returns whether the images of a file or folder are read together, and not one by one."""
    return is_array(path) or os.path.isdir(path)


def _read_saved_images(path: str, preparation: Preparation) -> NewItems:
    """Returns the images of all parts of a saved data set, in the order of the parts."""
    saved = SavedDataset(Path(path))
    if len(saved.images) != 1:
        raise DataError(f"{path} has {len(saved.images)} columns of images, and one is needed")
    files = [file for part in saved.folders for file in packed_images(saved, part, *saved.images)]
    _, height, width = preparation.spec.shape
    images = read_images(files, height if height == width else None)
    return prepare_array("image", images.numpy(), path, preparation)


def _files_of_list(path: Path) -> Iterator[_ImageFile]:
    columns = dict(read_image_list(path))
    names = columns.pop(find_path_column(path, columns))
    for row, name in enumerate(names):
        cells = {column: values[row] for column, values in columns.items()}
        yield _ImageFile(str(path.parent / name), cells)


def _files_of_folder(folder: str) -> Iterator[_ImageFile]:
    skipped: Counter[str] = Counter()
    names = find_images(Path(folder), skipped)
    note = format_skipped(skipped) if skipped else ""
    if not names:
        raise DataError(f"{folder} holds no images" + (f"; {note}" if note else ""))
    if note:
        log.info("%s: %s", folder, note)
    yield from (_ImageFile(os.path.join(folder, name), {}) for name in names)


def _decode_on_demand(files: Sequence[_ImageFile], preparation: Preparation) -> NewItems:
    paths, shape = [file.path for file in files], preparation.spec.shape
    if shape[0] not in MODE_BY_CHANNELS:
        raise DataError(f"the network reads images of {shape[0]} channels: give it an array")
    silence_pillow()

    def try_to_prepare(path: str) -> Tensor | DataError:
        try:
            return _prepare_image(path, preparation)
        except DataError as error:
            return error

    def read(chunk: slice) -> PreparedBatch:
        results = map_in_threads(try_to_prepare, paths[chunk])
        images = [result[None] for result in results if isinstance(result, Tensor)]
        reasons = [
            "" if isinstance(result, Tensor) else str(result).removeprefix(f"{path} ")
            for path, result in zip(paths[chunk], results, strict=True)
        ]
        return PreparedBatch(names[chunk], torch.cat([torch.empty(0, *shape), *images]), reasons)

    names = list(map(to_printable, paths))
    batch_size = min(MAX_DECODED_FILES, evaluation_batch_size(torch.empty(0, *shape)))
    columns = pd.DataFrame([file.columns for file in files], index=range(len(files)))
    return NewItems(names, read, batch_size, columns=columns)


def _prepare_image(path: str, preparation: Preparation) -> Tensor:
    """Returns an image as the network saw it in training, with values in [0, 1]."""
    channels, height, width = preparation.spec.shape
    if file_state(path) is None:  # opening a pipe would block
        raise DataError(f"{path} is not a file that can be read")
    if channels == 1:
        _check_gray(path)
    mode = MODE_BY_CHANNELS[channels]

    def choose_maximum(pixel_range: PixelRange) -> int:
        try:
            return infer_new_file_maximum(pixel_range, preparation.spec.pixel_maximum)
        except DataError as error:
            raise DataError(f"{path} {error}") from error

    if preparation.streamed:
        return to_float(read_center_crop(path, mode, height, choose_maximum))
    form = ImageFormat(mode, (width, height), as_floats=True)
    image = read_image(path, form)
    maximum = choose_maximum(file_pixel_range(image.pixels, image.type_maximum))
    return torch.from_numpy(rescale_pixels(image.pixels, image.type_maximum, maximum))


def _check_gray(path: str) -> None:
    """Raises DataError if an image has colors. A gray image that is stored as RGB is accepted."""
    with open_image(path) as image:
        if image.mode in COLOR_MODES:
            pixels = np.asarray(to_upright(image, "RGB", path))
            if (pixels != pixels[..., :1]).any():
                raise DataError(f"{path} {COLORS_LOST_REASON}")
