"""A folder of images as a data set: which of its folders are parts, and which are classes."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ....models.data_spec import DataSpec
from ..data_error import DataError
from ..parts import LoadedDataset, Part, split_indices
from ..tensor_cache import kept
from .normalize_label import normalize_label

if TYPE_CHECKING:
    from torch import Tensor

PARTS_BY_FOLDER_NAME = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""What people call the folders of the parts, in lower case."""

STUDIES_FILE = "studies.db"
"""What tells a folder of runs, whose pictures are no data."""

MIN_ITEMS = 10
TEST_FRACTION = 0.2

PathParts = tuple[str, ...]
"""Where an image lies below a folder: the folders on the way, and its own name.

A path for each of them would take a second for 50,000 images.
"""


class ImageFolderListing(NamedTuple):
    """What a folder of images holds.

    Attributes:
        parts: The folder of each part, and the images below it; `train` is always among them.
        classes: Names of the classes, which are the first folders on the way to the images.
        file_states: What tells whether an image has changed, for each of them.
        notes: How many files of which kind were left out.
    """

    parts: dict[str, tuple[Path, list[PathParts]]]
    classes: tuple[str, ...]
    file_states: dict[PathParts, tuple[int, int]]
    notes: Counter[str]


def read_image_folder(
    folder: Path, image_size: int | None, cache: Path | None = None, stream: bool = False
) -> LoadedDataset:
    """Reads a folder of images.

    `train/` with `val/`, `test/` or both are its parts, in whatever case and by whatever of their
    usual names; a test part that is missing is a fixed fifth of the rest. The folders within a
    part are its classes; images that lie beside each other have none.

    Args:
        folder: The folder, which exists.
        image_size: Side in pixels that the images are scaled and cropped to. If None, keep
            their own size if they share one of at most 64x64, else use 64.
        cache: Where the images are kept for the next time; None keeps nothing.
        stream: Whether larger images are left in their files, as those of more than 2 GiB are.

    Raises:
        DataError: If it holds too few images, a broken one, or a class for tests alone.
    """
    import torch

    from .image_files import ListedImages, find_equal_files, read_image_files

    chosen, classes, file_states, notes = list_image_folder(folder)
    rows: dict[str, Tensor] = {}
    if "test" not in chosen:
        root, images = chosen["train"]
        read_cached = partial(
            kept, cache, f"{os.path.realpath(folder)} equal files", repr(file_states)
        )
        first_indices = find_equal_files(
            [os.path.join(root, *parts_of_path) for parts_of_path in images], read_cached
        )
        labels = _labels(root, images, classes)
        split = split_indices(
            labels, len(images), TEST_FRACTION, seed=0, first_indices=first_indices
        )
        for part, indices in zip(("train", "test"), split, strict=True):
            chosen[part] = root, [images[index] for index in indices]
            rows[part] = torch.tensor(indices)
    # In another order, what was kept would have the labels of other images.
    what, state = f"{os.path.realpath(folder)} {image_size}", repr((file_states, chosen))
    del file_states
    listed = {
        part: ListedImages(str(root), ["/".join(parts_of_path) for parts_of_path in images])
        for part, (root, images) in chosen.items()
    }
    pixels = read_image_files(listed, image_size, stream, partial(kept, cache, what, state))
    read = {
        part: Part(pixels.parts[part], _labels(root, images, classes), rows.get(part))
        for part, (root, images) in chosen.items()
    }
    shape = tuple(read["train"].inputs.shape[1:])
    return LoadedDataset(
        read["train"],
        read["test"],
        DataSpec(shape, classes=classes, pixel_maximum=pixels.maximum),
        val=read.get("val"),
        notes=(*pixels.notes, *([format_skipped(notes)] if notes else [])),
    )


def list_image_folder(folder: Path) -> ImageFolderListing:
    """Finds the images of a folder, its parts and its classes, without opening an image.

    Raises:
        DataError: If it holds too few images, or a part without the classes of the others.
    """
    notes: Counter[str] = Counter()
    file_states = dict(sorted(find_images(folder, notes)))
    root, found = _enter_single_folder(folder, list(file_states))
    parts = _parts(root, found, notes)
    train_root, train = parts["train"]
    if len(train) < MIN_ITEMS:
        raise DataError(
            f"{train_root} holds {len(train)} images: at least {MIN_ITEMS} are needed to split "
            f"them" + (f"; {format_skipped(notes)}" if notes else "")
        )
    classes = _classes(train)
    chosen = {
        part: (root, _images_with_class(root, images, classes, notes))
        for part, (root, images) in parts.items()
    }
    return ImageFolderListing(chosen, classes, file_states, notes)


def find_images(folder: Path, notes: Counter[str]) -> Iterator[tuple[PathParts, tuple[int, int]]]:
    """Gives the image files below a folder, and counts what else is there by its kind.

    With each comes what tells whether it has changed: its size, and when it was written.
    """
    from torchvision.datasets.folder import IMG_EXTENSIONS

    seen = {os.path.realpath(folder)}
    for place, names, files in os.walk(folder, followlinks=True):
        if STUDIES_FILE in files:  # a search within its own data draws pictures there
            notes["folder of studies"] += 1
            names.clear()
            continue
        for name in list(names):
            real = os.path.realpath(os.path.join(place, name))
            if name.startswith(".") or name == "__MACOSX":
                notes[f"hidden folder {name}"] += 1
            elif real not in seen:  # a link may lead in a circle
                seen.add(real)
                continue
            names.remove(name)
        above = Path(place).relative_to(folder).parts
        for name in files:
            suffix = os.path.splitext(name)[1]
            if name.startswith("."):
                continue
            if suffix.lower() not in IMG_EXTENSIONS:
                notes[f"{suffix or 'nameless'} file"] += 1
                continue
            found = file_stat(f"{place}{os.sep}{name}")
            if found is None:
                notes["broken link, pipe or device"] += 1
            else:
                yield (*above, name), (found.st_size, found.st_mtime_ns)


def file_stat(path: str) -> os.stat_result | None:
    """Returns what the system knows of a file; None of a pipe, which to open would wait."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # a list of paths may hold anything
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _enter_single_folder(folder: Path, images: list[PathParts]) -> tuple[Path, list[PathParts]]:
    """Steps into a folder that is all there is, as unpacking an archive leaves one."""
    while len(tops := _by_top_folder(images)) == 1 and None not in tops:
        folder = folder / str(next(iter(tops)))
        images = [parts_of_path[1:] for parts_of_path in images]
    return folder, images


def _by_top_folder(images: Sequence[PathParts]) -> dict[str | None, list[PathParts]]:
    """Groups images by the folder that they are in, directly below another; None if in none."""
    tops: dict[str | None, list[PathParts]] = {}
    for parts_of_path in images:
        tops.setdefault(parts_of_path[0] if len(parts_of_path) > 1 else None, []).append(
            parts_of_path
        )
    return tops


def _parts(
    root: Path, images: list[PathParts], notes: Counter[str]
) -> dict[str, tuple[Path, list[PathParts]]]:
    """Returns the folder and the images of each part; `train` is always among them."""
    tops = _by_top_folder(images)
    named: dict[str, list[str]] = {}
    for name in tops:
        if name is not None and name.lower() in PARTS_BY_FOLDER_NAME:
            named.setdefault(PARTS_BY_FOLDER_NAME[name.lower()], []).append(name)
    if "train" not in named and named and len(tops) == sum(map(len, named.values())):
        folders = " and ".join(f"{name}/" for names in named.values() for name in names)
        raise DataError(f"{root} has {folders}, but no train/: name its folders train, val, test")
    if "train" not in named or len(named) == 1:
        return {"train": (root, images)}
    for names in named.values():
        if len(names) > 1:
            both = " and ".join(f"{name}/" for name in names)
            raise DataError(f"{root} has {both}, which mean the same part: leave one of them")
    parts = {
        part: (root / name, [parts_of_path[1:] for parts_of_path in tops.pop(name)])
        for part, (name,) in named.items()
    }
    for name, left in tops.items():
        notes["image outside the parts" if name is None else f"image in {name}/"] += len(left)
    return parts


def _classes(images: list[PathParts]) -> tuple[str, ...]:
    """Returns the names of the classes: the folders, if there are two and most images in them."""
    tops = _by_top_folder(images)
    loose = len(tops.pop(None, []))
    names = sorted({normalize_label(str(name)) for name in tops})
    return tuple(names) if len(names) > 1 and len(images) > 2 * loose else ()


def _images_with_class(
    root: Path, images: list[PathParts], classes: tuple[str, ...], notes: Counter[str]
) -> list[PathParts]:
    """Returns the images that have a class, if there are classes at all."""
    if not classes:
        return images
    loose = _by_top_folder(images).get(None, [])
    if len(loose) == len(images):
        raise DataError(f"{root} has no folders of classes, but the training part has")
    if loose:
        notes["image beside the folders of the classes"] += len(loose)
    return [parts_of_path for parts_of_path in images if len(parts_of_path) > 1]


def _labels(root: Path, images: list[PathParts], classes: tuple[str, ...]) -> Tensor | None:
    import torch

    if not classes:
        return None
    names = [normalize_label(parts_of_path[0]) for parts_of_path in images]
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise DataError(f"{root} has a class {unknown[0]!r} that the training part lacks")
    numbers = {name: number for number, name in enumerate(classes)}
    return torch.tensor([numbers[name] for name in names])


def format_skipped(notes: Mapping[str, int]) -> str:
    """Says how many files of which kind were left out."""
    return "skipped: " + ", ".join(f"{count} x {what}" for what, count in notes.items())
