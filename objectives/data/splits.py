"""Data sets in memory: read and split once, and shared by the processes of one machine."""

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from ...models.data_spec import DataSpec, Kind
from .builtin import DATASETS
from .files import KNOWN, is_table, read_file
from .folders import read_folder
from .parts import DataError, Dataset, Part, floats, hold_out
from .resize import resized
from .texts import holds_texts, read_texts

PURPOSES = {"train": "train on", "val": "validate", "test": "test"}
PARTS = tuple(PURPOSES)
ITEMS: dict[Kind, str] = {
    "image": "{} images {}",
    "table": "{} rows of {}",
    "text": "{} texts of up to {} letters",
}
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
    spec: DataSpec
    fingerprint: str

    @classmethod
    def of(cls, train: Part, val: Part, test: Part, spec: DataSpec) -> Self:
        """Returns the parts with the hash that is theirs."""
        return cls(train, val, test, spec, _hash((train, val, test)))

    def with_parts(self, train: Part | None = None, val: Part | None = None) -> Self:
        """Returns the splits with other items, such as fewer of them, and another hash."""
        parts = train or self.train, val or self.val, self.test
        return self.of(*parts, self.spec)


class Source(NamedTuple):
    """Where data come from, and as what they are read.

    Attributes:
        name: `digits`, `fashion-mnist`, `mnist`, or a path.
        data_dir: Where torchvision data lies, if not in the usual places.
        image_size: Side in pixels of images, if not the one they have.
        target: The column of a table that is to be predicted, if it is not recognised.
        numbers: Whether targets are to be numbers; else they are classes, unless they are
            fractions.
    """

    name: str
    data_dir: str | None = None
    image_size: int | None = None
    target: str | None = None
    numbers: bool = False


Moments = tuple[tuple[float, ...], tuple[float, ...]]
_splits: dict[tuple[Source, int], Splits] = {}
_moments: dict[str, Moments] = {}


def read_splits(source: Source, seed: int, cache: Path | None = None) -> Splits:
    """Returns a data set split by a seed; the last few are kept, because trials share them.

    Args:
        source: The data.
        seed: Seed of the split into train and validation.
        cache: Where the images of a folder are kept, if anywhere.

    Raises:
        DataError: If it is missing, empty or broken.
    """
    if source.name not in DATASETS:  # the same word means another folder elsewhere
        source = source._replace(name=os.path.abspath(source.name))
    key = (source, seed)
    if key not in _splits:
        dataset = _load(source, cache)
        train, val = dataset.train, dataset.val
        if val is None:
            train, val = hold_out(train, VALIDATION, seed)
        while len(_splits) >= KEPT:
            del _splits[next(iter(_splits))]
        # Built-in data were floats once, and studies of them go on.
        fingerprint = _hash((train, val, dataset.test), as_floats=source.name in DATASETS)
        _splits[key] = Splits(train, val, dataset.test, dataset.spec, fingerprint)
        if source.name not in DATASETS:
            for line in (recognised(_splits[key]), *_small(_splits[key]), *dataset.notes):
                log.info("%s: %s", Path(source.name).name, line)
    return _splits[key]


def save_splits(path: Path) -> None:
    """Writes what is in memory to a file that other processes can map."""
    plain = [
        (tuple(source), seed, *map(tuple, parts), spec.to_table(), fingerprint)
        for (source, seed), (*parts, spec, fingerprint) in _splits.items()
    ]
    torch.save(plain, path)  # a safe file has no classes


def map_splits(path: Path) -> None:
    """Takes over what `save_splits` wrote; all processes that do share one copy of it."""
    for source, seed, *parts, spec, fingerprint in torch.load(path, mmap=True, weights_only=True):
        train, val, test = (Part(*part) for part in parts)
        found = Splits(train, val, test, DataSpec.from_table(spec), fingerprint)
        _splits[Source(*source), seed] = found


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
    total = f"{sum(len(part) for part in splits[:3]):,}"
    what = ITEMS[splits.spec.kind].format(total, splits.spec)
    counts = [f"{part} {len(of):,}" for part, of in zip(PARTS, splits[:3], strict=True)]
    classes = f"{len(splits.spec.classes)} classes" if splits.spec.classes else "no classes"
    targets = splits.train.targets
    if targets is not None and targets.is_floating_point():
        classes = "a number to predict"
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


def _load(source: Source, cache: Path | None) -> Dataset:
    name, path = source.name, Path(source.name)
    known, is_file = name in DATASETS, os.path.isfile(source.name)
    if not (known or is_file or os.path.isdir(name)):  # of Path, too long a name raises an error
        raise DataError(
            f"{os.path.relpath(name)!r} is {KNOWN}, nor a data set ({', '.join(DATASETS)})"
        )
    if source.target is not None and (known or not is_file or not is_table(name)):
        raise DataError(f"{os.path.relpath(name)} is no table with columns: leave out `target=`")
    if source.numbers and (known or not is_file):
        raise DataError(f"{os.path.relpath(name)} has classes, no numbers: leave out `numbers=`")
    if known:
        dataset = DATASETS[name](Path(source.data_dir) if source.data_dir else None)
    elif is_file:
        dataset = read_file(path, source.target, source.numbers)
    elif holds_texts(path):
        dataset = read_texts(path)
    else:
        return read_folder(path, source.image_size, cache)
    if source.image_size is None:
        return dataset
    if dataset.spec.kind != "image":
        raise DataError(f"{os.path.relpath(name)} holds no images: leave out `image_size=`")
    return resized(dataset, source.image_size)
