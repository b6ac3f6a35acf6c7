"""Splitting a folder of images by shares: a list of files for each part, which is read as data."""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate, pairwise
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

FILES = ("train.csv", "valid.csv", "test.csv")
FEWEST_IMAGES = (MIN_ITEMS, 1, 1)


@contextmanager
def split_folder(data: str, split: Sequence[float], out: Path, seed: int) -> Iterator[list[Path]]:
    """Yields new lists of the images of each part of a folder; removes them if the block fails.

    The images of each class are split at random by shares in percent. Equal files are in the same
    part. If the folder already has parts, they are joined first. `train.csv`, `valid.csv` and
    `test.csv` have the columns `path` and `label`. `classes.csv` has the number of images of each
    class and part. Paths are relative to `out`, so that both folders can be moved together.
    """
    _check_shares(split)
    refuse_url(out, "out")
    files = [out / name for name in (*FILES, CLASSES_FILE)]
    for path in files:
        if os.path.lexists(path):
            raise StorageError(f"{path} exists: name another folder by `out=`")
    tables = _split_images(_images_by_class(data, out), out, split, seed)
    for table, name, fewest in zip(tables, FILES, FEWEST_IMAGES, strict=True):
        if len(table) < fewest:
            raise DataError(
                f"{data} has too few images to split: {name} would list {len(table)}, and "
                f"{fewest} are needed"
            )
    counts = {path.stem: t["label"].value_counts() for path, t in zip(files, tables, strict=False)}
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
    if len(split) != len(FILES) or not are_positive or not math.isclose(sum(split), 100):
        raise StudyError(
            f"`split=` must be three shares above 0 that add to 100, such as 60, 10 and 30, not "
            f"{', '.join(map(str, split))}"
        )


def _images_by_class(data: str, out: Path) -> dict[str, list[str]]:
    """Returns the paths of the images of each class, relative to `out`."""
    if not os.path.isdir(data):
        raise DataError(f"{data!r} is not a folder of images: only such a folder can be split")
    listing = list_image_folder(Path(data))
    if not listing.classes:
        raise DataError(f"{data} has no classes to split: put each class into a folder")
    images: dict[str, list[str]] = {}
    for files in listing.parts.values():
        start = _relative_path(Path(files.root), out)
        for name in files.names:
            images.setdefault(name.partition("/")[0], []).append(f"{start}/{name}")
    return images


def _relative_path(root: Path, out: Path) -> str:
    # Symbolic links are resolved, because `..` behind one would mean another folder.
    target, start = os.path.realpath(root), os.path.realpath(out)
    try:
        return Path(os.path.relpath(target, start)).as_posix()
    except ValueError:  # on another drive
        return Path(target).as_posix()


def _split_images(
    images: dict[str, list[str]], out: Path, split: Sequence[float], seed: int
) -> list[pd.DataFrame]:
    """Returns the paths and labels of each part; equal files of a class are in one part."""
    generator = torch.Generator().manual_seed(seed)
    parts: list[list[tuple[str, str]]] = [[] for _ in split]
    for name, paths in sorted(images.items()):
        if len(paths) < 2:
            raise DataError(f"class {name!r} has one image, which cannot be in several parts")
        order = torch.randperm(len(paths), generator=generator).tolist()
        start = os.path.realpath(out)  # which may not exist yet
        firsts = first_occurrences_of_files([os.path.normpath(f"{start}/{p}") for p in paths])
        indices = _split_order(order, _part_sizes(len(paths), split), firsts)
        for part, chosen in zip(parts, indices, strict=True):
            part += [(paths[index], name) for index in sorted(chosen)]
    return [pd.DataFrame(part, columns=["path", "label"]) for part in parts]


def _split_order(order: list[int], sizes: Sequence[int], firsts: Sequence[int]) -> list[list[int]]:
    """Returns the items of each part, given the first item that equals each item.

    The parts have these sizes, or nearly so if some items are equal.
    """
    groups: dict[int, list[int]] = {}
    for item in order:
        groups.setdefault(firsts[item], []).append(item)
    if len(groups) == len(order):
        return [order[start:end] for start, end in pairwise([0, *accumulate(sizes)])]
    parts: list[list[int]] = [[] for _ in sizes]
    for members in sorted(groups.values(), key=len, reverse=True):
        missing = [size - len(part) for part, size in zip(parts, sizes, strict=True)]
        parts[missing.index(max(missing))] += members
    return parts


def _part_sizes(n: int, split: Sequence[float]) -> list[int]:
    """Returns how many of n items each part gets; `split` has their shares in percent.

    Sizes are rounded down. The items that are left go to the parts that rounding has reduced most.
    If there are at least as many items as parts, no part is empty. If there are fewer, the
    training part is not empty.
    """
    sizes = [math.floor(n * share / 100) for share in split]
    while sum(sizes) < n:
        missing = [n * share / 100 - size for share, size in zip(split, sizes, strict=True)]
        sizes[missing.index(max(missing))] += 1
    for part in range(len(split) if n >= len(split) else 1):
        if not sizes[part]:
            sizes[sizes.index(max(sizes))] -= 1
            sizes[part] = 1
    return sizes


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
