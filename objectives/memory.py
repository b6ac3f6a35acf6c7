"""Data sets in memory: read and split once, and shared by the processes of one machine."""

import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch

from .datasets import DATASETS
from .folders import read_folder
from .splits import DataError, Dataset, Labelled, hold_out

VALIDATION = 0.1
KEPT = 2
SMALL = 30  # images of a part; of fewer, a mean error says little

log = logging.getLogger(__name__)


class Splits(NamedTuple):
    """The three parts of a data set, the names of its classes, and a hash of what is split how."""

    train: Labelled
    val: Labelled
    test: Labelled
    classes: tuple[str, ...]
    fingerprint: str

    @classmethod
    def of(cls, train: Labelled, val: Labelled, test: Labelled, classes: tuple[str, ...]) -> Self:
        """Returns the parts with the hash that is theirs."""
        return cls(train, val, test, classes, _hash(train, val, test))

    def with_parts(self, train: Labelled | None = None, val: Labelled | None = None) -> Self:
        """Returns the splits with other images, such as fewer of them, and another hash."""
        return self.of(train or self.train, val or self.val, self.test, self.classes)


_Key = tuple[str, str | None, int | None, int]
_splits: dict[_Key, Splits] = {}


def read_splits(name: str, data_dir: str | None, image_size: int | None, seed: int) -> Splits:
    """Returns a data set split by a seed; the last few are kept, because trials share them.

    Args:
        name: `digits`, `fashion-mnist`, `mnist`, or the path of a folder of images.
        data_dir: Where torchvision data lies, if not in the usual places.
        image_size: Side in pixels of a folder's images, if not the one they have.
        seed: Seed of the split into train and validation.

    Raises:
        DataError: If it is missing, empty or broken.
    """
    if name not in DATASETS:
        name = os.path.abspath(name)  # the same word means another folder elsewhere
    key = (name, data_dir, image_size, seed)
    if key not in _splits:
        dataset = _load(name, Path(data_dir) if data_dir else None, image_size)
        train, val = dataset.train, dataset.val
        if val is None:
            train, val = hold_out(train, VALIDATION, seed)
        while len(_splits) >= KEPT:
            del _splits[next(iter(_splits))]
        _splits[key] = Splits.of(train, val, dataset.test, dataset.classes)
        if name not in DATASETS:
            for line in (*_recognised(_splits[key]), *dataset.notes):
                log.info("%s: %s", Path(name).name, line)
    return _splits[key]


def save_splits(path: Path) -> None:
    """Writes what is in memory to a file that other processes can map."""
    torch.save([(key, *map(_untyped, splits)) for key, splits in _splits.items()], path)


def map_splits(path: Path) -> None:
    """Takes over what `save_splits` wrote; all processes that do share one copy of it."""
    for key, *parts, classes, fingerprint in torch.load(path, mmap=True, weights_only=True):
        train, val, test = (Labelled(*part) for part in parts)
        _splits[key] = Splits(train, val, test, classes, fingerprint)


def _untyped(value: Any) -> Any:
    return tuple(value) if isinstance(value, Labelled) else value  # a safe file has no classes


def _hash(*parts: Labelled) -> str:
    digest = hashlib.sha256()
    for part in parts:
        for tensor in part:
            if tensor is not None:
                digest.update(str(tuple(tensor.shape)).encode())
                digest.update(np.ascontiguousarray(tensor.numpy()).data)
    return digest.hexdigest()[:16]


def _recognised(splits: Splits) -> Iterator[str]:
    """Says what a folder was taken for, in a line, and which of its parts are small."""
    shape = "x".join(str(side) for side in splits.train.images.shape[1:])
    counts = [f"{len(part):,}" for part in splits[:3]]
    yield (
        f"images of {shape}, {counts[0]} to train on, {counts[1]} to validate, {counts[2]} to test"
    )
    if splits.classes:
        labels = [part.labels for part in splits[:3] if part.labels is not None]
        of_class = torch.cat(labels).bincount(minlength=len(splits.classes)).tolist()
        names = [f"{name} {n:,}" for name, n in zip(splits.classes, of_class, strict=True)]
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""
        yield f"{len(names)} classes: {', '.join(names[:12])}{more}"
    else:
        yield "no classes"
    for part, name in zip(splits[:3], ("train on", "validate", "test"), strict=True):
        if len(part) < SMALL:
            yield f"only {len(part)} images to {name}: what they say is mostly chance"


def _load(name: str, data_dir: Path | None, image_size: int | None) -> Dataset:
    if name in DATASETS:
        if image_size is not None:
            raise DataError(f"{name} has a size of its own: `image_size=` is for image folders")
        return DATASETS[name](data_dir)
    if os.path.isfile(name):
        raise DataError(f"{os.path.relpath(name)} is a file: {_instead(Path(name))}")
    if not os.path.isdir(name):  # of Path, one that is too long for the system raises an error
        known = ", ".join(DATASETS)
        raise DataError(
            f"{os.path.relpath(name)!r} is neither a folder of images nor a data set ({known})"
        )
    return read_folder(Path(name), image_size)


def _instead(path: Path) -> str:
    from torchvision.datasets.folder import IMG_EXTENSIONS

    if path.suffix.lower() in IMG_EXTENSIONS:
        return f"name the folder that this image lies in, {path.parent}"
    return "only folders of images can be read; write what it holds as images, a file each"
