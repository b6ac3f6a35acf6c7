"""A folder of images as a data set: which of its folders are parts, and which are classes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .splits import DataError, Dataset, Labelled, hold_out

if TYPE_CHECKING:
    from torch import Tensor

PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""What people call the folders of the parts, in lower case."""

FEWEST = 10
LARGEST = 2048  # pixels of a side


def read_folder(folder: Path, image_size: int | None) -> Dataset:
    """Reads a folder of images.

    `train/` with `val/`, `test/` or both are its parts, in whatever case and by whatever of their
    usual names; a test part that is missing is a fixed fifth of the rest. The folders within a
    part are its classes; images that lie beside each other have none.

    Args:
        folder: The folder, which exists.
        image_size: Side in pixels that the images are scaled and cropped to. If None, keep
            their own size if they share one of at most 64x64, else use 64.

    Raises:
        DataError: If it holds too few images, a broken one, or a class for tests alone.
    """
    from .pixels import read_images

    if image_size is not None and image_size > LARGEST:
        raise DataError(f"`image_size=` must be at most {LARGEST}, not {image_size}")

    notes: Counter[str] = Counter()
    root, paths = _inside(folder, _image_paths(folder, notes))
    parts = _parts(root, paths, notes)
    train_root, train = parts["train"]
    if len(train) < FEWEST:
        raise DataError(
            f"{train_root} holds {len(train)} images: at least {FEWEST} are needed to split them"
            + (f"; {_skipped(notes)}" if notes else "")
        )
    classes = _classes(train_root, train)
    chosen = {
        part: (root, _of_classes(root, paths, classes, notes))
        for part, (root, paths) in parts.items()
    }
    images = read_images([path for _, paths in chosen.values() for path in paths], image_size)
    read, start = {}, 0
    for part, (root, paths) in chosen.items():
        own = images[start : start + len(paths)]
        read[part] = Labelled(own, _labels(root, paths, classes))
        start += len(paths)
    if "test" not in read:
        read["train"], read["test"] = hold_out(read["train"], 0.2, seed=0)
    return Dataset(
        read["train"],
        read["test"],
        classes,
        val=read.get("val"),
        notes=(_skipped(notes),) if notes else (),
    )


def _image_paths(folder: Path, notes: Counter[str]) -> list[Path]:
    """Returns the image files below a folder, and counts what else is there by its kind."""
    from torchvision.datasets.folder import IMG_EXTENSIONS

    found, seen = [], {os.path.realpath(folder)}
    for place, names, files in os.walk(folder, followlinks=True):
        for name in list(names):
            real = os.path.realpath(Path(place, name))
            if name.startswith(".") or name == "__MACOSX":
                notes[f"hidden folder {name}"] += 1
            elif real not in seen:  # a link may lead in a circle
                seen.add(real)
                continue
            names.remove(name)
        for path in (Path(place, name) for name in files if not name.startswith(".")):
            if path.suffix.lower() not in IMG_EXTENSIONS:
                notes[f"{path.suffix or 'nameless'} file"] += 1
            elif not path.is_file():  # to open a pipe would wait for ever
                notes["broken link, pipe or device"] += 1
            else:
                found.append(path)
    return sorted(found)


def _inside(folder: Path, paths: list[Path]) -> tuple[Path, list[Path]]:
    """Steps into a folder that is all there is, as unpacking an archive leaves one."""
    while len(tops := _tops(folder, paths)) == 1 and None not in tops:
        folder = folder / str(next(iter(tops)))
    return folder, paths


def _tops(folder: Path, paths: Iterable[Path]) -> dict[str | None, list[Path]]:
    """Groups paths by the folder that they are in, directly below another; None if in none."""
    tops: dict[str | None, list[Path]] = {}
    for path in paths:
        inner = path.relative_to(folder).parts
        tops.setdefault(inner[0] if len(inner) > 1 else None, []).append(path)
    return tops


def _parts(
    root: Path, paths: list[Path], notes: Counter[str]
) -> dict[str, tuple[Path, list[Path]]]:
    """Returns the folder and the images of each part; `train` is always among them."""
    tops = _tops(root, paths)
    named: dict[str, list[str]] = {}
    for name in tops:
        if name is not None and name.lower() in PARTS:
            named.setdefault(PARTS[name.lower()], []).append(name)
    if "train" not in named and named and len(tops) == sum(map(len, named.values())):
        folders = " and ".join(f"{name}/" for names in named.values() for name in names)
        raise DataError(f"{root} has {folders}, but no train/: name its folders train, val, test")
    if "train" not in named or len(named) == 1:
        return {"train": (root, paths)}
    for names in named.values():
        if len(names) > 1:
            both = " and ".join(f"{name}/" for name in names)
            raise DataError(f"{root} has {both}, which mean the same part: leave one of them")
    parts = {part: (root / name, tops.pop(name)) for part, (name,) in named.items()}
    for name, left in tops.items():
        notes["image outside the parts" if name is None else f"image in {name}/"] += len(left)
    return parts


def _classes(root: Path, paths: list[Path]) -> tuple[str, ...]:
    """Returns the names of the classes: the folders, if there are two and most images in them."""
    tops = _tops(root, paths)
    loose = len(tops.pop(None, []))
    names = sorted(str(name) for name in tops)
    return tuple(names) if len(names) > 1 and len(paths) > 2 * loose else ()


def _of_classes(
    root: Path, paths: list[Path], classes: tuple[str, ...], notes: Counter[str]
) -> list[Path]:
    """Returns the images that have a class, if there are classes at all."""
    if not classes:
        return paths
    loose = _tops(root, paths).get(None, [])
    if len(loose) == len(paths):
        raise DataError(f"{root} has no folders of classes, but the training part has")
    if loose:
        notes["image beside the folders of the classes"] += len(loose)
    beside = set(loose)
    return [path for path in paths if path not in beside]


def _labels(root: Path, paths: list[Path], classes: tuple[str, ...]) -> Tensor | None:
    import torch

    if not classes:
        return None
    names = [path.relative_to(root).parts[0] for path in paths]
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise DataError(f"{root} has a class {unknown[0]!r} that the training part lacks")
    numbers = {name: number for number, name in enumerate(classes)}
    return torch.tensor([numbers[name] for name in names])


def _skipped(notes: Mapping[str, int]) -> str:
    return "skipped: " + ", ".join(f"{count} x {what}" for what, count in notes.items())
