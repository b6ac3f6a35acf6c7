"""Splitting a folder of images by shares: a list of files for each part, which is read as data."""

import csv
import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from ...objectives.data.data_error import DataError
from ...objectives.data.preparation.duplicates import first_occurrences_of_files
from ...objectives.data.preparation.hold_out import MIN_ITEMS
from ...objectives.data.sources.image_folder import list_image_folder
from ...objectives.data.sources.image_lists import CLASSES_FILE
from ...storage.spreadsheet_csv import escape_formula
from ...storage.storage_error import StorageError, refuse_url
from ..study.study_error import StudyError

FILES = {"train": "train.csv", "val": "valid.csv", "test": "test.csv"}

Rows = list[tuple[str, ...]]
"""Paths of images, each with its class."""


@contextmanager
def split_folder(data: str, split: Sequence[float], out: Path, seed: int) -> Iterator[list[Path]]:
    """Writes which images of a folder are in which part; if the block fails, nothing is left.

    Images of each class are drawn into `train.csv`, `valid.csv` and `test.csv` with columns
    `path` and `label`, so that each part has the same share of it. `classes.csv` has the number
    of images of each class and part. Paths start from the folder of the lists, so that both can
    be moved together.

    Args:
        data: A folder of images, one folder for each class; parts that it has are put together.
        split: Shares of train, validation and test in per cent.
        out: The folder of the lists; it is made if need be.
        seed: Draws the images.

    Yields:
        The files.

    Raises:
        StudyError: If the shares are not three above 0 that add to 100.
        DataError: If the folder has no classes, or too few images of one.
        StorageError: If one of the files is there already, or cannot be written.
    """
    check_shares(split)
    refuse_url(out, "out")
    paths = [out / name for name in (*FILES.values(), CLASSES_FILE)]
    for path in paths:
        if os.path.lexists(path):
            raise StorageError(f"{path} is there already: name another folder by `out=`")
    parts = dict(zip(FILES, _drawn(_images(data, out), out, split, seed), strict=True))
    for part, fewest in {"train": MIN_ITEMS, "val": 1, "test": 1}.items():
        if len(parts[part]) < fewest:
            raise DataError(
                f"{data} has too few images to split: {len(parts[part])} would be in "
                f"{FILES[part]}, and {fewest} are needed"
            )
    tables: dict[str, Rows] = {
        FILES[part]: [("path", "label"), *rows] for part, rows in parts.items()
    }
    tables[CLASSES_FILE] = [("class", *(path.stem for path in paths[:3])), *_counts(parts)]
    made = not out.exists()
    try:
        _write(tables, out)
        yield paths
    except BaseException:
        with suppress(OSError):
            for path in paths:
                path.unlink(missing_ok=True)
            if made:
                out.rmdir()
        raise


def check_shares(split: Sequence[float]) -> None:
    """Raises StudyError if shares are not three numbers above 0 that add to 100."""
    numbers = all(isinstance(share, int | float) and share > 0 for share in split)
    if len(split) != len(FILES) or not numbers or not math.isclose(sum(split), 100):
        raise StudyError(
            f"`split=` must be three shares above 0 that add to 100, such as 60, 10 and 30, not "
            f"{', '.join(map(str, split))}"
        )


def _images(data: str, out: Path) -> dict[str, list[str]]:
    """Returns the images of each class, by their paths from a folder."""
    if not os.path.isdir(data):
        raise DataError(f"{data!r} is no folder of images: nothing else can be split")
    listing = list_image_folder(Path(data))
    if not listing.classes:
        raise DataError(f"{data} has no classes to split: put each in a folder of its own")
    images: dict[str, list[str]] = {}
    for files in listing.parts.values():
        start = _way(Path(files.root), out)
        for name in files.names:
            images.setdefault(name.partition("/")[0], []).append(f"{start}/{name}")
    return images


def _way(root: Path, out: Path) -> str:
    # A link on the way would make `..` mean another folder.
    there, here = os.path.realpath(root), os.path.realpath(out)
    try:
        return Path(os.path.relpath(there, here)).as_posix()
    except ValueError:  # on another drive
        return Path(there).as_posix()


def _drawn(
    images: dict[str, list[str]], out: Path, split: Sequence[float], seed: int
) -> list[Rows]:
    """Draws the images of each part, class by class; equal files of a class are in one part."""
    generator = torch.Generator().manual_seed(seed)
    parts: list[Rows] = [[] for _ in split]
    for name, paths in sorted(images.items()):
        if len(paths) < 2:
            raise DataError(f"class {name!r} has one image, which cannot be in several parts")
        order = torch.randperm(len(paths), generator=generator).tolist()
        here = os.path.realpath(out)  # which may not be there yet
        firsts = first_occurrences_of_files([os.path.normpath(f"{here}/{path}") for path in paths])
        cut = _cut(order, _shared(len(paths), split), firsts)
        for part, places in zip(parts, cut, strict=True):
            part += [(paths[i], name) for i in sorted(places)]
    return parts


def _cut(order: list[int], counts: Sequence[int], firsts: Sequence[int]) -> list[list[int]]:
    """Returns which items are in each part: so many, or about so many where some are equal.

    Args:
        order: The items as they were drawn.
        counts: How many shall be in each part.
        firsts: For each item the first one that is equal to it.
    """
    parts: list[list[int]] = [[] for _ in counts]
    if len(set(firsts)) == len(order):
        for part, count in zip(parts, counts, strict=True):
            part += order[:count]
            order = order[count:]
        return parts
    groups: dict[int, list[int]] = {}
    for item in order:
        groups.setdefault(firsts[item], []).append(item)
    for members in sorted(groups.values(), key=len, reverse=True):
        lacks = [count - len(part) for part, count in zip(parts, counts, strict=True)]
        parts[lacks.index(max(lacks))] += members
    return parts


def _shared(n: int, split: Sequence[float]) -> list[int]:
    """Returns how many of n items are in each part; one in each at least, if there are three.

    Of two items, one is to train on. What rounding leaves goes where it has taken most.
    """
    counts = [math.floor(n * share / 100) for share in split]
    while sum(counts) < n:
        lacks = [n * share / 100 - count for share, count in zip(split, counts, strict=True)]
        counts[lacks.index(max(lacks))] += 1
    for part in range(len(split) if n >= len(split) else 1):
        if not counts[part]:
            counts[counts.index(max(counts))] -= 1
            counts[part] = 1
    return counts


def _counts(parts: Mapping[str, Rows]) -> Rows:
    of_parts = [Counter(label for _, label in rows) for rows in parts.values()]
    return [(name, *(str(counts[name]) for counts in of_parts)) for name in sorted(of_parts[0])]


def _write(tables: Mapping[str, Rows], out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            # What names of files hold that is no text is written as it is.
            with (out / name).open(
                "x", newline="", encoding="utf-8", errors="surrogateescape"
            ) as file:
                cells = [[escape_formula(text) for text in row] for row in rows]
                csv.writer(file, lineterminator="\n").writerows(cells)
    except OSError as error:
        raise StorageError(
            f"cannot write to {out}: {error.strerror}; name another folder by `out=`"
        ) from error
