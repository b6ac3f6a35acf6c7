"""Data sets in memory: read and split once, and shared by the processes of one machine."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from ....models.data_spec import DataSpec, Kind
from ...progress import progress
from ..batches import Batches, evaluation_batch_size
from ..parts import Part, hold_out, to_float
from ..sources.builtin_datasets import DATASETS
from ..sources.column_names import quote_some
from ..sources.lazy_images import LazyImages
from ..sources.source import Source, load
from ..sources.table_options import TableOptions
from .duplicates import first_occurrences
from .normalization import mean_and_std

if TYPE_CHECKING:
    from ..parts import Items

PART_PURPOSES = {"train": "train on", "val": "validate", "test": "test"}
PART_NAMES = tuple(PART_PURPOSES)
ITEM_FORMATS: dict[Kind, str] = {
    "image": "{} images {}",
    "table": "{} rows of {}",
    "text": "{} texts of up to {} letters",
}
VAL_FRACTION = 0.1
MAX_CACHED_SPLITS = 2
MIN_RELIABLE_ITEMS = 30  # items of a part; of fewer, a mean error says little
CHUNK_SIZE = 1024
MAX_MEASURED_IMAGES = 2000  # photographs at most, whose mean is that of all to a hundredth or so

log = logging.getLogger(__name__)


class Splits(NamedTuple):
    """The three parts of a data set, what they are, and a hash of what is split how.

    The data may have `has_own_val` the validation part; else it is split off the training part.
    """

    train: Part
    val: Part
    test: Part
    spec: DataSpec
    fingerprint: str
    has_own_val: bool = False

    def __repr__(self) -> str:
        return f"Splits({describe_splits(self)})"

    @classmethod
    def of(cls, train: Part, val: Part, test: Part, spec: DataSpec) -> Self:
        """Returns the parts with the hash that is theirs."""
        return cls(train, val, test, spec, _hash_parts((train, val, test)))

    def with_parts(self, train: Part | None = None, val: Part | None = None) -> Self:
        """Returns the splits with other items, such as fewer of them, and another hash."""
        parts = train or self.train, val or self.val, self.test
        return self.of(*parts, self.spec)


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
        dataset = load(source, cache)
        train, val = dataset.train, dataset.val
        has_own_val = val is not None
        if val is None:
            train, val = hold_out(train, VAL_FRACTION, seed)
        while len(_splits) >= MAX_CACHED_SPLITS:
            del _splits[next(iter(_splits))]
        # Built-in data were floats once, and studies of them go on.
        fingerprint = _hash_parts((train, val, dataset.test), as_floats=source.name in DATASETS)
        _splits[key] = Splits(train, val, dataset.test, dataset.spec, fingerprint, has_own_val)
        if source.name not in DATASETS:
            found = _splits[key]
            doubts = (
                *_small_part_notes(found),
                *_missing_class_notes(found),
                *_duplicate_notes(found),
            )
            for line in (describe_splits(found), *doubts, *dataset.notes):
                log.info("%s: %s", Path(source.name).name, line)
    return _splits[key]


def serialize_splits() -> list[tuple[Any, ...]]:
    """Returns what is in memory as tensors and plain values, for other processes."""
    return [
        (
            *_serialize_source(source),
            seed,
            *map(_serialize_part, found[:3]),
            found.spec.to_table(),
            *found[4:],
        )
        for (source, seed), found in _splits.items()
    ]


def deserialize_splits(plain: Iterable[tuple[Any, ...]]) -> None:
    """Takes over what `serialize_splits` returned in another process."""
    for source, table, seed, *parts, spec, fingerprint, has_own_val in plain:
        train, val, test = (
            Part(inputs if isinstance(inputs, Tensor) else LazyImages(*inputs), *others)
            for inputs, *others in parts
        )
        found = Splits(train, val, test, DataSpec.from_table(spec), fingerprint, has_own_val)
        _splits[Source(*source)._replace(table=TableOptions(*table)), seed] = found


def save_splits(path: Path) -> None:
    """Writes what is in memory to a file that other processes can map."""
    torch.save(serialize_splits(), path)  # a safe file has no classes


def load_splits(path: Path) -> None:
    """Takes over what `save_splits` wrote; all processes that do share one copy of it."""
    deserialize_splits(torch.load(path, mmap=True, weights_only=True))


def _serialize_source(source: Source) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    *others, table = source
    return tuple(others), tuple(table)


def _serialize_part(part: Part) -> tuple[Any, Tensor | None, Tensor | None]:
    inputs, targets, rows = part
    return inputs if isinstance(inputs, Tensor) else inputs.plain(), targets, rows


def moments(splits: Splits) -> Moments:
    """Returns mean and deviation of each channel or feature of the training part.

    They are kept, because every trial asks for them.
    """
    if splits.fingerprint not in _moments:
        _moments[splits.fingerprint] = _measure_items(splits.train.inputs)
    return _moments[splits.fingerprint]


def _measure_items(inputs: Items) -> Moments:
    """Returns mean and deviation along the second side; the deviation is 1 where there is none."""
    mean, std = mean_and_std(  # in chunks, so that bytes need not all become floats at once
        to_float(chunk).movedim(1, -1).flatten(0, -2) for chunk in _measured_chunks(inputs)
    )
    return tuple(mean.tolist()), tuple(std.tolist())


def _measured_chunks(inputs: Items) -> Iterator[Tensor]:
    """Gives all of a tensor, or photographs at even distances, of which not all are needed."""
    if isinstance(inputs, Tensor):
        yield from torch.split(inputs, CHUNK_SIZE)
        return
    some = inputs.take(range(0, len(inputs), -(-len(inputs) // MAX_MEASURED_IMAGES)))
    what = f"measuring {len(some):,} of {len(inputs):,} photographs"
    with progress(what, len(some)) as advance:
        for (batch,) in Batches((some,), evaluation_batch_size(some), shuffle=False):
            yield batch
            advance(len(batch))


def describe_splits(splits: Splits) -> str:
    """Says in a line what data were taken for."""
    total = f"{sum(len(part) for part in splits[:3]):,}"
    what = ITEM_FORMATS[splits.spec.kind].format(total, splits.spec)
    counts = [f"{part} {len(of):,}" for part, of in zip(PART_NAMES, splits[:3], strict=True)]
    classes = f"{len(splits.spec.classes)} classes" if splits.spec.classes else "no classes"
    targets = splits.train.targets
    if targets is not None and targets.is_floating_point():
        classes = "a number to predict"
    return f"{what}, {classes}, {' / '.join(counts)}"


def _small_part_notes(splits: Splits) -> Iterator[str]:
    for name, part in zip(PART_NAMES, splits[:3], strict=True):
        if len(part) < MIN_RELIABLE_ITEMS:
            count = "1 item" if len(part) == 1 else f"{len(part)} items"
            yield f"only {count} to {PART_PURPOSES[name]}: what they say is mostly chance"


def _missing_class_notes(splits: Splits) -> Iterator[str]:
    """Says which classes a part lacks."""
    for name, part in zip(PART_NAMES, splits[:3], strict=True):
        if part.targets is None or not splits.spec.classes:
            continue
        counts = part.targets.bincount(minlength=len(splits.spec.classes)).tolist()
        absent = [of for of, count in zip(splits.spec.classes, counts, strict=True) if not count]
        if absent:
            yield f"no item to {PART_PURPOSES[name]} is of the class {quote_some(absent)}"


def _duplicate_notes(splits: Splits) -> Iterator[str]:
    """Says how many items are equal to others, and how many of them are in several parts."""
    parts = splits[:3]
    first_indices = np.array(first_occurrences(*(part.inputs for part in parts)))
    again = first_indices != np.arange(len(first_indices))
    if not again.any():
        return
    train, val, test = np.split(first_indices, np.cumsum([len(part) for part in parts])[:2])
    shared = {"validation": np.isin(val, train), "test": np.isin(test, train)}
    apart = not any(map(np.any, shared.values()))
    kept = ": equal items are kept in one part" if apart else ""
    copies = "is a duplicate of another" if again.sum() == 1 else "are duplicates of others"
    yield f"{again.sum():,} of {len(first_indices):,} items {copies}{kept}"
    for name, known in shared.items():
        if known.any():
            yield f"{known.sum():,} of {len(known):,} {name} items are also in the training part"
    if splits.train.targets is not None:
        targets = np.concatenate([part.targets for part in parts])
        if other := (targets != targets[first_indices]).sum():
            yield f"{other:,} duplicates have another target than the item that they are equal to"


def _hash_parts(parts: Iterable[Part], as_floats: bool = False) -> str:
    digest = hashlib.sha256()
    for inputs, targets, _ in parts:
        digest.update(str(tuple(inputs.shape)).encode())
        for identity in _hashed_bytes(inputs, as_floats):
            digest.update(identity)
        if targets is not None:
            digest.update(str(tuple(targets.shape)).encode())
            digest.update(np.ascontiguousarray(targets.numpy()).data)
    return digest.hexdigest()[:16]


def _hashed_bytes(inputs: Items, as_floats: bool) -> Iterator[bytes | memoryview]:
    if not isinstance(inputs, Tensor):
        yield from inputs.identity()
        return
    for chunk in torch.split(inputs, CHUNK_SIZE):
        values = to_float(chunk) if as_floats else chunk
        yield np.ascontiguousarray(values.numpy()).data
