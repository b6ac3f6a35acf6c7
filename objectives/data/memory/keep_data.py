"""Keeps data in memory as a file, so that every process and every later command can read them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....storage.atomic_write import atomic_file
from ..data_error import DataError
from ..sources.array_file import check_arrays, pixel_ranges
from ..sources.column_names import check_column_exists, split_names
from ..sources.frame_csv import add_targets, as_pandas, check_cells, frame_options, frame_to_csv
from ..sources.pixel_range import learn_maximum
from ..sources.source import NO_TARGET
from .collect_arrays import collect_arrays, is_data_module

if TYPE_CHECKING:
    from pandas import DataFrame

log = logging.getLogger(__name__)

DIGEST_LETTERS = 12


class KeptData(NamedTuple):
    """The file that holds data from memory.

    Attributes:
        path: The file: such as `array-1a2b3c4d5e6f.npz`. Its name has a hash of its content, so
            that equal data have the same file.
        options: The table options with which the file is read.
    """

    path: str
    options: Mapping[str, Any]


def is_in_memory(data: Any) -> bool:
    """Returns whether data are an object that holds items, and not a name or a path."""
    return data is not None and not isinstance(data, str | os.PathLike)


def keep_data(data: Any, folder: Path, target: str | None = None) -> KeptData:
    """Writes data from memory to a file in `folder`, if it is not there, and returns the file.

    Args:
        data: A data frame of pandas or polars, a pair of a frame and labels, or what
            `collect_arrays` takes.
        folder: The folder of the file. It is created.
        target: The column of a frame that is the target, or `none`.

    Raises:
        DataError: If the data do not fit together. Nothing is then written.
    """
    labels = None
    if isinstance(data, tuple) and len(data) == 2 and as_pandas(data[0]) is not None:
        data, labels = data
    frame = as_pandas(data)
    if frame is None:
        name = type(data).__name__ if is_data_module(data) else "the array"
        path, options = _keep_arrays(collect_arrays(data), folder, name), dict[str, Any]()
    else:
        if labels is not None and target is not None:
            raise DataError("y and `target=` both name what to predict: leave out one")
        if labels is not None:
            frame, target = add_targets(frame, labels)
        path = _keep_frame(frame, folder, target)
        options = frame_options(frame) | ({} if target is None else {"target": target})
    return KeptData(str(path), options)


def _keep_arrays(arrays: Mapping[str, NDArray[Any]], folder: Path, name: str) -> Path:
    checked = check_arrays(arrays, name)
    if checked.kind == "image":
        learn_maximum(pixel_ranges(checked.items), name)
    path = folder / f"array-{digest_arrays(arrays)}.npz"
    if not path.exists():
        with _new_file(path) as partial, partial.open("xb") as file:
            np.savez(file, allow_pickle=False, **arrays)
    return path


def _keep_frame(frame: DataFrame, folder: Path, target: str | None) -> Path:
    if target not in (None, NO_TARGET):
        columns = [str(name) for name in frame]
        for name in split_names(target, columns):
            check_column_exists(columns, name, Path("the frame"))
    check_cells(frame)
    content = frame_to_csv(frame)
    path = folder / f"frame-{sha256(content).hexdigest()[:DIGEST_LETTERS]}.csv"
    if not path.exists():
        with _new_file(path) as partial:
            partial.write_bytes(content)
    return path


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    with atomic_file(path) as partial:
        yield partial
    log.info("the data are kept as %s", os.path.relpath(path))


def digest_arrays(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Returns the first letters of a hash of the names, types, shapes and values of arrays."""
    digest = sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:DIGEST_LETTERS]
