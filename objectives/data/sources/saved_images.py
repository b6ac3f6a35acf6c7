"""Reads the images and labels of a saved data set of Hugging Face; see `saved_dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..data_error import DataError, file_state
from ..parts import LoadedDataset
from ..tensor_cache import read_through_cache
from .array_file import array_dataset
from .column_names import quote_some
from .image_decoding import PackedImage, read_images
from .saved_dataset import SavedDataset
from .source import Source

if TYPE_CHECKING:
    from pyarrow import Table

    from .image_decoding import ImageFile


def read_saved_images(source: Source, cache: Path | None) -> LoadedDataset:
    """Returns the images of a saved data set, decoded like those of a folder of images.

    The splits stay as they are. Columns other than the images and the target are not used.
    """
    saved = SavedDataset(Path(source.name))
    image, target = _find_image_column(saved, source), saved.find_target(source.table.target)
    tables = {part: saved.read_part(part) for part in saved.folders}
    arrow_files = sorted(Path(source.name).rglob("*.arrow"))
    state = repr([(str(path), file_state(str(path))) for path in arrow_files])
    place = f"{source.name} {image} {source.image_size}"

    def read() -> Tensor:
        files = [file for part in saved.folders for file in packed_images(saved, part, image)]
        return read_images(files, source.image_size)

    total = sum(map(len, tables.values()))
    pixels = read_through_cache(cache, place, state, total, read).numpy()
    arrays, start = dict[str, NDArray[Any]](), 0
    for part, table in tables.items():
        arrays[f"x_{part}"] = pixels[start : start + len(table)]
        start += len(table)
        if target is not None:
            arrays[f"y_{part}"] = _read_labels(saved, part, table, target)
    return array_dataset(arrays, source.name, source.numbers)


def packed_images(saved: SavedDataset, part: str, image: str) -> list[ImageFile]:
    """Returns the image files in a column, or their paths if the data set only names them."""
    files: list[ImageFile] = []
    for row, value in enumerate(saved.read_part(part).column(image)):
        content = value.as_py()
        content = content if isinstance(content, dict) else {}
        if content.get("bytes") is not None:
            name = f"{saved.folders[part]}, row {row},"
            files.append(PackedImage(name, content["bytes"]))
        elif content.get("path"):
            files.append(content["path"])
        else:
            raise DataError(f"{saved.folders[part]} has no image in row {row}: leave it out")
    return files


def _find_image_column(saved: SavedDataset, source: Source) -> str:
    columns = [name for name in saved.images if name not in source.table.drop]
    if len(columns) != 1:
        raise DataError(
            f"{saved.path} has the columns of images {quote_some(saved.images)}: keep one, and "
            "leave out the others by `drop=`"
        )
    return columns[0]


def _read_labels(saved: SavedDataset, part: str, table: Table, target: str) -> NDArray[Any]:
    labels, names = table.column(target).to_pylist(), saved.class_names(target)
    if names:
        known = dict(enumerate(names))
        labels = [known.get(label) for label in labels]
    if missing := [row for row, label in enumerate(labels) if label is None]:
        raise DataError(
            f"{saved.folders[part]} has no value in the column {target!r} of {len(missing):,} "
            f"items, the first in row {missing[0]}: leave them out"
        )
    return np.array(labels)
