"""Data sets in memory: read and split once, and shared by the processes of one machine."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from .datasets import DATASETS
from .folders import read_folder
from .splits import DataError, Dataset, Labelled, hold_out

VALIDATION = 0.1
KEPT = 2


class Splits(NamedTuple):
    """The three parts of a data set, the names of its classes, and a hash of what is split how."""

    train: Labelled
    val: Labelled
    test: Labelled
    classes: tuple[str, ...]
    fingerprint: str


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
    key = (name, data_dir, image_size, seed)
    if key not in _splits:
        dataset = _load(name, Path(data_dir) if data_dir else None, image_size)
        train, val = hold_out(dataset.train, VALIDATION, seed)
        fingerprint = _hash(train, val, dataset.test)
        while len(_splits) >= KEPT:
            del _splits[next(iter(_splits))]
        _splits[key] = Splits(train, val, dataset.test, dataset.classes, fingerprint)
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


def _load(name: str, data_dir: Path | None, image_size: int | None) -> Dataset:
    if name in DATASETS:
        if image_size is not None:
            raise DataError(f"{name} has a size of its own: image_size is for folders of images")
        return DATASETS[name](data_dir)
    if not Path(name).is_dir():
        known = ", ".join(DATASETS)
        raise DataError(f"{name!r} is neither a folder of images nor a data set ({known})")
    return read_folder(Path(name), image_size)
