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

from ..batches import evaluation_size
from ..errors import DataError
from ..parts import floats
from ..sources.files import is_array, is_table
from ..sources.folders import file_stat, find_images, skipped
from ..sources.image_columns import path_column, read_list
from ..sources.photos import in_threads, read_photo
from ..sources.pixel_range import Extent, extent_of_file, maximum_of_file, rescaled
from ..sources.pixels import COLOUR, Form, opened, read_image, silence_pillow, upright
from ..sources.resize import COLOURED
from .arrays import new_array
from .items import Batch, NewItems, Preparation
from .paths import STANDARD_INPUT, find_paths, printable, standard_lines

MODES = {1: "L", 3: "RGB"}
"""What Pillow calls images of so many channels."""

DECODED = 100  # files in a batch: photographs take a while, and progress is to be seen

log = logging.getLogger(__name__)


def new_images(given: Sequence[str], like: Preparation) -> list[NewItems]:
    """Finds images; what lies in files is decoded when it is needed.

    A file that cannot be read, or is in colours where training saw none, is named with the reason
    in its batch. Folders are searched to the bottom, hidden files aside.

    Args:
        given: Image files, folders, globs, .csv files that name images, .npy and .npz files, or
            `-` for paths on standard input, one a line.
        like: How the images of training were prepared.

    Raises:
        DataError: If a file or folder is missing or holds no images, or an array does not fit.
    """
    found: list[NewItems] = []
    files = (file for one in given for file in _files(one))
    for arrays, group in groupby(files, lambda file: is_array(file.path)):
        chosen = list(group)
        if arrays:
            found += [new_array(file.path, like) for file in chosen]
        else:
            found.append(_decoded(chosen, like))
    return found


class _File(NamedTuple):
    """A file, and what the other columns of a list say of it."""

    path: str
    columns: Mapping[str, str]


def _files(given: str) -> Iterator[_File]:
    """Gives all files that are meant, of which some may be arrays."""
    if given == STANDARD_INPUT:
        yield from (_File(line, {}) for line in standard_lines())
        return
    for path in find_paths(given):
        if os.path.isdir(path):
            yield from (_File(one, {}) for one in _inside(path))
        elif is_table(path):
            yield from _listed(Path(path))
        else:
            yield _File(path, {})


def _listed(path: Path) -> Iterator[_File]:
    columns = dict(read_list(path))
    names = columns.pop(path_column(path, columns))
    for row, name in enumerate(names):
        said = {column: values[row] for column, values in columns.items()}
        yield _File(str(path.parent / name), said)


def _inside(folder: str) -> Iterator[str]:
    notes: Counter[str] = Counter()
    found = sorted(find_images(Path(folder), notes))
    if not found:
        raise DataError(f"{folder} holds no images" + (f"; {skipped(notes)}" if notes else ""))
    if notes:
        log.info("%s: %s", folder, skipped(notes))
    yield from (os.path.join(folder, *inner) for inner, _ in found)


def _decoded(files: Sequence[_File], like: Preparation) -> NewItems:
    """Returns image files, which are decoded when they are needed."""
    paths, shape = [file.path for file in files], like.spec.shape
    if shape[0] not in MODES:
        raise DataError(f"the network reads images of {shape[0]} channels: give it an array")
    silence_pillow()

    def attempt(path: str) -> Tensor | DataError:
        try:
            return _prepared(path, like)
        except DataError as error:
            return error

    def read(cut: slice) -> Batch:
        images, reasons = [torch.empty(0, *shape)], []
        for path, image in zip(paths[cut], in_threads(attempt, paths[cut]), strict=True):
            if isinstance(image, Tensor):
                images.append(image[None])
            reasons.append("" if isinstance(image, Tensor) else _reason(image, path))
        return Batch(list(map(printable, paths[cut])), torch.cat(images), reasons)

    size = min(DECODED, evaluation_size(torch.empty(0, *shape)))
    columns = pd.DataFrame([file.columns for file in files], index=range(len(files)))
    return NewItems(list(map(printable, paths)), read, size, columns=columns)


def _reason(error: DataError, path: str) -> str:
    return str(error).removeprefix(f"{path} ")


def _prepared(path: str, like: Preparation) -> Tensor:
    """Returns an image as training would have seen it, with values in [0, 1]."""
    channels, height, width = like.spec.shape
    if file_stat(path) is None:  # to open a pipe would wait for ever
        raise DataError(f"{path} is not a file that can be read")
    if channels == 1:
        _check_gray(path)
    mode = MODES[channels]

    def maximum(extent: Extent) -> int:
        try:
            return maximum_of_file(extent, like.spec.pixel_maximum)
        except DataError as error:
            raise DataError(f"{path} {error}") from error

    if like.streamed:
        return floats(read_photo(path, mode, height, maximum))
    natural, pixels = read_image(path, Form(mode, (width, height), deep=True))
    extent = extent_of_file(pixels, natural)
    return torch.from_numpy(rescaled(pixels, natural, maximum(extent)))


def _check_gray(path: str) -> None:
    """Refuses colours; a gray image may be stored as a coloured one."""
    import numpy as np

    with opened(path) as image:
        if image.mode in COLOUR:
            pixels = np.asarray(upright(image, "RGB", path))
            if (pixels != pixels[..., :1]).any():
                raise DataError(f"{path} {COLOURED}")
