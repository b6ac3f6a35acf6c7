"""Reads image folders: finds out which subfolders are parts and which are classes."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..data_error import DataError, FileState, file_state
from ..parts import LoadedDataset
from ..preparation.hold_out import MIN_ITEMS
from .column_names import normalize_label
from .image_files import ImageFiles, read_image_files
from .source import Source

PARTS_BY_FOLDER_NAME = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""The part that a folder with this name holds. Names are in lower case."""
STUDIES_FILE = "studies.db"
"""A folder with this file holds runs of Latentune. Its images are plots, not data."""


class ImageFolder(NamedTuple):
    """The image files of a folder, by part.

    Attributes:
        parts: The image files of each part. `train` always exists.
        classes: Names of the classes, which are the top folders within the parts.
        skipped: The number of skipped files, by kind of file.
    """

    parts: dict[str, ImageFiles]
    classes: tuple[str, ...]
    skipped: Counter[str]


def read_image_folder(source: Source, cache: Path | None = None) -> LoadedDataset:
    """Reads a folder of images.

    If it holds `train/`, and `val/` or `test/` or both, these are the parts. Any usual name in
    `PARTS_BY_FOLDER_NAME` will do, in any letter case. The folders in a part are its classes.
    """
    folder = list_image_folder(Path(source.name))
    notes = (format_skipped(folder.skipped),) if folder.skipped else ()
    return read_image_files(folder.parts, folder.classes, source, cache, notes)


def list_image_folder(folder: Path) -> ImageFolder:
    """Returns the parts and classes of a folder, without opening an image."""
    skipped: Counter[str] = Counter()
    states = find_images(folder, skipped)
    root, names = _enter_single_folder(folder, list(states))
    parts = _group_by_part(root, names, skipped)
    train_root, train = parts["train"]
    if len(train) < MIN_ITEMS:
        raise DataError(
            f"{train_root} holds {len(train)} images: at least {MIN_ITEMS} are needed to split "
            "them" + (f"; {format_skipped(skipped)}" if skipped else "")
        )
    classes = _class_folders(train)
    chosen = {}
    for part, (part_root, part_names) in parts.items():
        if classes:
            part_names = _images_in_class_folders(part_root, part_names, skipped)
        prefix = part_root.relative_to(folder).as_posix() + "/" if part_root != folder else ""
        chosen[part] = ImageFiles(
            str(part_root),
            part_names,
            [states[prefix + name] for name in part_names],
            [normalize_label(_top_folder(name)) for name in part_names] if classes else None,
            str(part_root),
        )
    return ImageFolder(chosen, classes, skipped)


def find_images(folder: Path, skipped: Counter[str]) -> dict[str, FileState]:
    """Returns the state (size and time) of all images below a folder, by relative path.

    The paths have `/` between folders, and are sorted. Other files are counted in `skipped`, by
    kind of file.
    """
    from torchvision.datasets.folder import IMG_EXTENSIONS

    images: dict[str, FileState] = {}
    visited = {os.path.realpath(folder)}
    for place, folders, files in os.walk(folder, followlinks=True):
        if STUDIES_FILE in files:  # a search within its own data saves plots there
            skipped["folder of studies"] += 1
            folders.clear()
            continue
        for name in list(folders):
            real = os.path.realpath(os.path.join(place, name))
            if name.startswith(".") or name == "__MACOSX":
                skipped[f"hidden folder {name}"] += 1
            elif real not in visited:  # links may form a circle
                visited.add(real)
                continue
            folders.remove(name)
        prefix = "".join(f"{name}/" for name in Path(place).relative_to(folder).parts)
        for name in files:
            suffix = os.path.splitext(name)[1]
            if name.startswith("."):
                continue
            if suffix.lower() not in IMG_EXTENSIONS:
                skipped[f"{suffix or 'nameless'} file"] += 1
            elif (state := file_state(f"{place}{os.sep}{name}")) is None:
                skipped["broken link, pipe or device"] += 1
            else:
                images[prefix + name] = state
    return dict(sorted(images.items(), key=lambda item: item[0].split("/")))


def format_skipped(skipped: Mapping[str, int]) -> str:
    """Returns a line with the number of skipped files of each kind."""
    return "skipped: " + ", ".join(f"{count} x {kind}" for kind, count in skipped.items())


def _top_folder(name: str) -> str:
    return name.partition("/")[0] if "/" in name else ""


def _by_top_folder(names: Sequence[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_top_folder(name), []).append(name)
    return groups


def _enter_single_folder(folder: Path, names: list[str]) -> tuple[Path, list[str]]:
    """Returns the innermost folder that holds all images, and the paths relative to this folder.

    In an unpacked archive, this folder may be several levels below `folder`.
    """
    while len(groups := _by_top_folder(names)) == 1 and "" not in groups:
        folder = folder / next(iter(groups))
        names = [name.partition("/")[2] for name in names]
    return folder, names


def _group_by_part(
    root: Path, names: list[str], skipped: Counter[str]
) -> dict[str, tuple[Path, list[str]]]:
    """Returns the folder of each part, and the paths of its images.

    If no folder has the name of a part, all images belong to `train`.
    """
    groups = _by_top_folder(names)
    folders: dict[str, list[str]] = {}
    for top in groups:
        if top.lower() in PARTS_BY_FOLDER_NAME:
            folders.setdefault(PARTS_BY_FOLDER_NAME[top.lower()], []).append(top)
    if "train" not in folders and folders and len(groups) == sum(map(len, folders.values())):
        found = " and ".join(f"{top}/" for tops in folders.values() for top in tops)
        raise DataError(f"{root} has {found}, but no train/: name its folders train, val, test")
    if "train" not in folders or len(folders) == 1:
        return {"train": (root, names)}
    for tops in folders.values():
        if len(tops) > 1:
            both = " and ".join(f"{top}/" for top in tops)
            raise DataError(f"{root} has {both}, which mean the same part: keep one of them")
    parts = {
        part: (root / top, [name.partition("/")[2] for name in groups.pop(top)])
        for part, (top,) in folders.items()
    }
    for top, others in groups.items():
        skipped[f"image in {top}/" if top else "image outside the parts"] += len(others)
    return parts


def _class_folders(names: list[str]) -> tuple[str, ...]:
    """Returns the names of the top folders if they are classes, otherwise an empty tuple.

    They are classes if there are at least two of them, and they hold most of the images.
    """
    groups = _by_top_folder(names)
    loose = len(groups.pop("", []))
    classes = sorted({normalize_label(top) for top in groups})
    return tuple(classes) if len(classes) > 1 and len(names) > 2 * loose else ()


def _images_in_class_folders(root: Path, names: list[str], skipped: Counter[str]) -> list[str]:
    """Returns the images that are in a class folder; counts all other images as skipped."""
    loose = sum("/" not in name for name in names)
    if loose == len(names):
        raise DataError(f"{root} has no folders of classes, but the training part has: add them")
    if loose:
        skipped["image outside the folders of the classes"] += loose
    return [name for name in names if "/" in name]
