"""CSV files that name images and their classes: one for all of them, or one for each part."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ....models.data_spec import DataSpec
from ..data_error import DataError
from ..parts import LoadedDataset, Part, split_indices
from ..tensor_cache import kept
from .image_folder import MIN_ITEMS, TEST_FRACTION, file_stat
from .image_list_columns import (
    DEFAULT_OPTIONS,
    Columns,
    find_path_column,
    lists_images,
    read_image_list,
)
from .table_options import NO_TARGET, TableOptions

if TYPE_CHECKING:
    from torch import Tensor

LABEL_COLUMN_NAMES = ("label", "class", "target")
PART_LIST_FILES = {"train": ("train.csv",), "val": ("valid.csv", "val.csv"), "test": ("test.csv",)}
"""What the lists of a folder are called that holds one for each part."""
CLASSES_FILE = "classes.csv"
"""Names the classes in their order, beside such lists."""


class _ListRows(NamedTuple):
    """The rows of a list.

    Attributes:
        names: The images, from the folder of the list or absolute.
        labels: The classes of them, if there are any.
        file_states: Size of each file, and when it was written.
        places: The rows of the list that these are, from 0.
    """

    names: list[str]
    labels: list[str] | None
    file_states: list[tuple[int, int]]
    places: Sequence[int]

    def take(self, indices: Sequence[int]) -> _ListRows:
        labels = None if self.labels is None else [self.labels[i] for i in indices]
        return _ListRows(
            [self.names[i] for i in indices],
            labels,
            [self.file_states[i] for i in indices],
            [self.places[i] for i in indices],
        )


def find_part_lists(folder: Path) -> dict[str, Path]:
    """Returns the lists of images of a folder that has one for each part; else none."""
    found = {
        part: folder / name
        for part, names in PART_LIST_FILES.items()
        for name in names
        if (folder / name).is_file()
    }
    whole = len(found) == len(PART_LIST_FILES) and lists_images(found["train"])
    return found if whole else {}


def read_image_csv(
    path: Path,
    image_size: int | None,
    cache: Path | None = None,
    stream: bool = False,
    options: TableOptions = DEFAULT_OPTIONS,
) -> LoadedDataset:
    """Reads the images that a CSV file names; a fixed fifth of them is the test part.

    The column of the classes is called by one of `LABEL_COLUMN_NAMES`, or is the only other one;
    without it, there are no classes.

    Args:
        path: The file, from whose folder its paths start.
        image_size: Side in pixels that images are scaled to; see `read_image_folder`.
        cache: Where the images are kept for the next time; None keeps nothing.
        stream: Whether larger images are left in their files.
        options: What a user says of the columns, such as which one names the classes.

    Raises:
        DataError: If an image is missing or broken, there are too few, or one has no class.
    """
    from .image_files import find_equal_files

    rows = _read_rows(path, options)
    classes = tuple(sorted(set(rows.labels or ())))
    _check_count(path, rows)
    targets = _targets(path, rows, classes)
    read_cached = partial(
        kept, cache, f"{os.path.realpath(path)} equal files", repr(rows.file_states)
    )
    first_indices = find_equal_files(
        [os.path.join(path.parent, name) for name in rows.names], read_cached
    )
    kept_rows, held_out = split_indices(
        targets, len(rows.names), TEST_FRACTION, seed=0, first_indices=first_indices
    )
    parts = {"train": rows.take(kept_rows), "test": rows.take(held_out)}
    return _dataset(path, path.parent, parts, classes, image_size, cache, stream)


def read_part_lists(
    folder: Path,
    lists: Mapping[str, Path],
    image_size: int | None,
    cache: Path | None = None,
    stream: bool = False,
    options: TableOptions = DEFAULT_OPTIONS,
) -> LoadedDataset:
    """Reads the images that the lists of a folder name, one for each part.

    Args:
        folder: The folder; `classes.csv` in it may name the classes in another order than that of
            the alphabet.
        lists: What `find_part_lists` found in it.
        image_size: Side in pixels that images are scaled to; see `read_image_folder`.
        cache: Where the images are kept for the next time; None keeps nothing.
        stream: Whether larger images are left in their files.
        options: What a user says of the columns, such as which one names the classes.

    Raises:
        DataError: If an image is missing or broken, there are too few, or one has no class.
    """
    parts = {part: _read_rows(path, options) for part, path in lists.items()}
    _check_count(lists["train"], parts["train"])
    labels = parts["train"].labels
    named = read_image_list(folder / CLASSES_FILE) if (folder / CLASSES_FILE).is_file() else {}
    classes = tuple(named.get("class", ())) if labels else ()
    classes = classes or tuple(sorted(set(labels or ())))
    return _dataset(folder, folder, parts, classes, image_size, cache, stream)


def _dataset(
    place: Path,
    root: Path,
    parts: Mapping[str, _ListRows],
    classes: tuple[str, ...],
    image_size: int | None,
    cache: Path | None,
    stream: bool,
) -> LoadedDataset:
    import torch

    from .image_files import ListedImages, read_image_files

    targets = {part: _targets(place, rows, classes) for part, rows in parts.items()}
    file_states = {part: (rows.names, rows.file_states) for part, rows in parts.items()}
    read_cached = partial(
        kept, cache, f"{os.path.realpath(place)} {image_size}", repr(file_states)
    )
    listed = {part: ListedImages(str(root), rows.names) for part, rows in parts.items()}
    images = read_image_files(listed, image_size, stream, read_cached)
    read = {
        part: Part(images.parts[part], targets[part], torch.tensor(rows.places))
        for part, rows in parts.items()
    }
    spec = DataSpec(
        tuple(read["train"].inputs.shape[1:]),
        classes=classes if len(classes) > 1 else (),
        pixel_maximum=images.maximum,
    )
    return LoadedDataset(read["train"], read["test"], spec, read.get("val"), images.notes)


def _read_rows(path: Path, options: TableOptions) -> _ListRows:
    """Returns what a list names, once each of the files is known to be there."""
    columns = read_image_list(path, options)
    named = find_path_column(path, columns)
    names, of_classes = list(columns[named]), _label_column(path, columns, named, options.target)
    labels = None if of_classes is None else list(columns[of_classes])
    found = [file_stat(os.path.join(path.parent, name)) for name in names]
    missing = [name for name, one in zip(names, found, strict=True) if one is None]
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise DataError(
            f"{path} names {missing[0]!r}{more} of {len(names):,} images that are not there: "
            "paths start from its folder"
        )
    if labels is not None and "" in labels:
        raise DataError(f"{path} names no class of {names[labels.index('')]}")
    return _ListRows(
        names, labels, [(one.st_size, one.st_mtime_ns) for one in found if one], range(len(names))
    )


def _label_column(path: Path, columns: Columns, named: str, target: str | None) -> str | None:
    others = [name for name in columns if name != named]
    if target == NO_TARGET and target not in others:
        return None
    if target is not None:
        if target not in others:
            raise DataError(
                f"{path} has no column {target!r} of classes beside {named!r}, but "
                f"{', '.join(map(repr, others)) or 'no other'}: name one by `target=`"
            )
        return target
    usual = [name for name in others if name.lower() in LABEL_COLUMN_NAMES]
    if not usual and len(others) > 1:
        raise DataError(
            f"{path} has columns {', '.join(map(repr, others))} beside {named!r}: name that of "
            "the classes by `target=`, or call it 'label'"
        )
    return next(iter(usual or others), None)


def _check_count(path: Path, rows: _ListRows) -> None:
    if len(rows.names) < MIN_ITEMS:
        raise DataError(
            f"{path} names {len(rows.names)} images: at least {MIN_ITEMS} are needed to split them"
        )


def _targets(path: Path, rows: _ListRows, classes: tuple[str, ...]) -> Tensor | None:
    import torch

    if len(classes) < 2:
        return None
    if rows.labels is None:
        raise DataError(f"{path} has classes, but not in all of its parts")
    unknown = sorted(set(rows.labels) - set(classes))
    if unknown:
        raise DataError(f"{path} has a class {unknown[0]!r} that the training part lacks")
    numbers = {name: number for number, name in enumerate(classes)}
    return torch.tensor([numbers[name] for name in rows.labels])
