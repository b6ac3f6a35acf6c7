"""Splitting a folder of images: each part becomes a CSV file that lists its images."""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import torch

from ...objectives.data.data_error import DataError
from ...objectives.data.preparation.hold_out import MIN_ITEMS, first_occurrences_of_files
from ...objectives.data.sources.image_folder import list_image_folder
from ...objectives.data.sources.image_lists import CLASSES_FILE
from ...storage.spreadsheet_csv import write_csv
from ...storage.storage_error import StorageError, refuse_url
from ..study.study_error import StudyError

LIST_FILES = ("train.csv", "valid.csv", "test.csv")
MIN_IMAGES = (MIN_ITEMS, 1, 1)


@contextmanager
def split_folder(data: str, split: Sequence[float], out: Path, seed: int) -> Iterator[list[Path]]:
    """Splits the images of the folder `data`, and yields the paths of the lists of images.

    The images of each class are split at random by `split`, the shares of train, validation and
    test in percent. Equal files are in the same part. If the folder already has parts, their
    images are joined first.

    `train.csv`, `valid.csv` and `test.csv` in `out` have the columns `path` and `label`.
    `classes.csv` has the number of images of each class and part. Paths are relative to `out`, so
    that both folders can be moved together. If the block raises an error, the files are removed.
    """
    _check_shares(split)
    refuse_url(out, "out")
    files = [out / name for name in (*LIST_FILES, CLASSES_FILE)]
    for path in files:
        if os.path.lexists(path):
            raise StorageError(f"{path} exists: name another folder by `out=`")
    tables = _split_images(_images_by_class(data), split, seed)
    start, counts = os.path.realpath(out), {}
    for table, path, least in zip(tables, files, MIN_IMAGES, strict=False):
        if len(table) < least:
            raise DataError(
                f"{data} has too few images to split: {path.name} would list {len(table)}, and "
                f"{least} are needed"
            )
        table["path"] = [_relative_path(image, start) for image in table["path"]]
        counts[path.stem] = table["label"].value_counts()
    classes = pd.DataFrame(counts).fillna(0).astype(int).sort_index().rename_axis("class")
    is_new = not out.exists()
    try:
        _write_lists([*tables, classes.reset_index()], files)
        yield files
    except BaseException:
        with suppress(OSError):
            for path in files:
                path.unlink(missing_ok=True)
            if is_new:
                out.rmdir()
        raise


def _check_shares(split: Sequence[float]) -> None:
    are_positive = all(isinstance(share, int | float) and share > 0 for share in split)
    if len(split) != len(LIST_FILES) or not are_positive or not math.isclose(sum(split), 100):
        raise StudyError(
            f"`split=` must be three shares above 0 that add to 100, such as 60, 10 and 30, not "
            f"{', '.join(map(str, split))}"
        )


def _images_by_class(data: str) -> dict[str, list[str]]:
    """Returns the paths of the images of each class in the folder `data`.

    Symbolic links to folders are resolved. Otherwise relative paths would be wrong, because
    `link/..` is the parent of the link's target.
    """
    if not os.path.isdir(data):
        raise DataError(f"{data!r} is not a folder of images: only such a folder can be split")
    listing = list_image_folder(Path(data))
    if not listing.classes:
        raise DataError(f"{data} has no classes to split: put each class into a folder")
    images: dict[str, list[str]] = {}
    for files in listing.parts.values():
        root = os.path.realpath(files.root)
        for name in files.names:
            images.setdefault(name.partition("/")[0], []).append(os.path.join(root, name))
    return images


def _relative_path(image: str, start: str) -> str:
    try:
        return Path(os.path.relpath(image, start)).as_posix()
    except ValueError:  # on another drive
        return Path(image).as_posix()


def _split_images(
    images: dict[str, list[str]], split: Sequence[float], seed: int
) -> list[pd.DataFrame]:
    """Returns a table of each part, with the path and label of each image.

    Equal files of a class are in the same part.
    """
    generator = torch.Generator().manual_seed(seed)
    parts: list[list[tuple[str, str]]] = [[] for _ in split]
    for name, paths in sorted(images.items()):
        if len(paths) < 2:
            raise DataError(f"class {name!r} has one image, which cannot be in several parts")
        firsts = first_occurrences_of_files(paths)
        groups: dict[int, list[int]] = {}
        for index in torch.randperm(len(paths), generator=generator).tolist():
            groups.setdefault(firsts[index], []).append(index)
        for part, chosen in zip(parts, _assign_groups([*groups.values()], split), strict=True):
            part += [(paths[index], name) for index in sorted(chosen)]
    return [pd.DataFrame(part, columns=["path", "label"]) for part in parts]


def _assign_groups(groups: list[list[int]], split: Sequence[float]) -> list[list[int]]:
    """Returns the items of each part. The items of a group are all in the same part.

    The largest groups are assigned first. A group is assigned to the part that lacks most items.
    The training part always gets a group. If there are as many groups as parts or more, every part
    gets a group.
    """
    sizes = [sum(map(len, groups)) * share / 100 for share in split]
    first, *others = sorted(groups, key=len, reverse=True)
    parts: list[list[int]] = [first, *([] for _ in split[1:])]
    for rank, members in enumerate(others):
        empty = [number for number, part in enumerate(parts) if not part]
        candidates = empty if len(others) - rank <= len(empty) else range(len(parts))
        parts[max(candidates, key=lambda number: sizes[number] - len(parts[number]))] += members
    return parts


def _write_lists(tables: Sequence[pd.DataFrame], files: Sequence[Path]) -> None:
    folder = files[0].parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table, path in zip(tables, files, strict=True):
            with path.open("xb") as file:
                write_csv(table, file)
    except OSError as error:
        raise StorageError(
            f"cannot write to {folder}: {error.strerror}; name another folder by `out=`"
        ) from error
