"""Data sets in memory: read and split once, and shared by the processes of one machine."""

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from ...models.data_spec import Kind
from .arrays import SUFFIXES, read_array
from .builtin import DATASETS
from .folders import read_folder
from .parts import DataError, Dataset, Part, floats, hold_out
from .resize import resized

PURPOSES = {"train": "train on", "val": "validate", "test": "test"}
PARTS = tuple(PURPOSES)
VALIDATION = 0.1
KEPT = 2
SMALL = 30  # items of a part; of fewer, a mean error says little
CHUNK = 1024

log = logging.getLogger(__name__)


class Splits(NamedTuple):
    """The three parts of a data set, what they are, and a hash of what is split how."""

    train: Part
    val: Part
    test: Part
    classes: tuple[str, ...]
    kind: Kind
    fingerprint: str

    @classmethod
    def of(
        cls, train: Part, val: Part, test: Part, classes: tuple[str, ...], kind: Kind = "image"
    ) -> Self:
        """Returns the parts with the hash that is theirs."""
        return cls(train, val, test, classes, kind, _hash((train, val, test)))

    def with_parts(self, train: Part | None = None, val: Part | None = None) -> Self:
        """Returns the splits with other items, such as fewer of them, and another hash."""
        parts = train or self.train, val or self.val, self.test
        return self.of(*parts, self.classes, self.kind)


Moments = tuple[tuple[float, ...], tuple[float, ...]]
_Key = tuple[str, str | None, int | None, int]
_splits: dict[_Key, Splits] = {}
_moments: dict[str, Moments] = {}


def read_splits(
    name: str,
    data_dir: str | None,
    image_size: int | None,
    seed: int,
    cache: Path | None = None,
) -> Splits:
    """Returns a data set split by a seed; the last few are kept, because trials share them.

    Args:
        name: `digits`, `fashion-mnist`, `mnist`, or the path of a folder or an array.
        data_dir: Where torchvision data lies, if not in the usual places.
        image_size: Side in pixels of images, if not the one they have.
        seed: Seed of the split into train and validation.
        cache: Where the images of a folder are kept, if anywhere.

    Raises:
        DataError: If it is missing, empty or broken.
    """
    if name not in DATASETS:
        name = os.path.abspath(name)  # the same word means another folder elsewhere
    key = (name, data_dir, image_size, seed)
    if key not in _splits:
        dataset = _load(name, Path(data_dir) if data_dir else None, image_size, cache)
        train, val = dataset.train, dataset.val
        if val is None:
            train, val = hold_out(train, VALIDATION, seed)
        while len(_splits) >= KEPT:
            del _splits[next(iter(_splits))]
        # Built-in data were floats once, and studies of them go on.
        fingerprint = _hash((train, val, dataset.test), as_floats=name in DATASETS)
        _splits[key] = Splits(train, val, dataset.test, dataset.classes, dataset.kind, fingerprint)
        if name not in DATASETS:
            for line in (recognised(_splits[key]), *_small(_splits[key]), *dataset.notes):
                log.info("%s: %s", Path(name).name, line)
    return _splits[key]


def save_splits(path: Path) -> None:
    """Writes what is in memory to a file that other processes can map."""
    torch.save([(key, *map(_untyped, splits)) for key, splits in _splits.items()], path)


def map_splits(path: Path) -> None:
    """Takes over what `save_splits` wrote; all processes that do share one copy of it."""
    for key, *parts, classes, kind, fingerprint in torch.load(path, mmap=True, weights_only=True):
        train, val, test = (Part(*part) for part in parts)
        _splits[key] = Splits(train, val, test, classes, kind, fingerprint)


def _untyped(value: Any) -> Any:
    return tuple(value) if isinstance(value, Part) else value  # a safe file has no classes


def moments(splits: Splits) -> Moments:
    """Returns mean and deviation of each channel or feature of the training part.

    They are kept, because every trial asks for them.
    """
    if splits.fingerprint not in _moments:
        _moments[splits.fingerprint] = _measure(splits.train.inputs)
    return _moments[splits.fingerprint]


def _measure(inputs: Tensor) -> Moments:
    """Returns mean and deviation along the second side; the deviation is 1 where there is none."""
    others = [side for side in range(inputs.ndim) if side != 1]
    sums = torch.zeros(2, inputs.shape[1], dtype=torch.double)
    for chunk in torch.split(inputs, CHUNK):  # so that bytes need not all become floats at once
        values = floats(chunk).double()
        sums += torch.stack([values.sum(others), values.square().sum(others)])
    mean, square = sums / (inputs.numel() / inputs.shape[1])
    std = (square - mean**2).clamp(min=0).sqrt()
    std[std < 1e-6 * mean.abs().clamp(min=1e-6)] = 1
    return tuple(mean.tolist()), tuple(std.tolist())


def recognised(splits: Splits) -> str:
    """Says in a line what data were taken for."""
    shape = "x".join(str(side) for side in splits.train.inputs.shape[1:])
    total = f"{sum(len(part) for part in splits[:3]):,}"
    what = f"{total} images {shape}" if splits.kind == "image" else f"{total} rows of {shape}"
    counts = [f"{part} {len(of):,}" for part, of in zip(PARTS, splits[:3], strict=True)]
    classes = f"{len(splits.classes)} classes" if splits.classes else "no classes"
    return f"{what}, {classes}, {' / '.join(counts)}"


def _small(splits: Splits) -> Iterator[str]:
    for name, part in zip(PARTS, splits[:3], strict=True):
        if len(part) < SMALL:
            count = "1 item" if len(part) == 1 else f"{len(part)} items"
            yield f"only {count} to {PURPOSES[name]}: what they say is mostly chance"


def _hash(parts: Iterable[Part], as_floats: bool = False) -> str:
    digest = hashlib.sha256()
    for inputs, targets in parts:
        digest.update(str(tuple(inputs.shape)).encode())
        for chunk in torch.split(inputs, CHUNK):
            values = floats(chunk) if as_floats else chunk
            digest.update(np.ascontiguousarray(values.numpy()).data)
        if targets is not None:
            digest.update(str(tuple(targets.shape)).encode())
            digest.update(np.ascontiguousarray(targets.numpy()).data)
    return digest.hexdigest()[:16]


def _load(name: str, data_dir: Path | None, image_size: int | None, cache: Path | None) -> Dataset:
    if os.path.isdir(name) and name not in DATASETS:
        return read_folder(Path(name), image_size, cache)
    if name in DATASETS:
        dataset = DATASETS[name](data_dir)
    elif os.path.isfile(name):
        dataset = read_array(Path(name))
    else:  # of Path, a name that is too long for the system raises an error
        known = ", ".join(DATASETS)
        raise DataError(
            f"{os.path.relpath(name)!r} is neither a folder of images, nor an array "
            f"({', '.join(SUFFIXES)}), nor a data set ({known})"
        )
    if image_size is None:
        return dataset
    if dataset.kind != "image":
        raise DataError(f"{os.path.relpath(name)} holds no images: leave out `image_size=`")
    return resized(dataset, image_size)
