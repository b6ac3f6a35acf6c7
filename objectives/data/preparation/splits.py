"""Splits: the train, val and test part of a source, cached and shared between processes."""

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from ....models.data_spec import DataSpec, Kind
from ....models.pixels import to_float
from ....storage.atomic_write import atomic_file
from ..data_error import FileState, file_state
from ..parts import Part
from ..sources.builtin_datasets import DATASETS, FLOAT_FINGERPRINTS
from ..sources.column_names import quote_some
from ..sources.lazy_images import LazyImages
from ..sources.load_source import load_source
from ..sources.source import Source, TableOptions
from .class_choice import keep_classes
from .column_split import describe_split_column
from .equal_items import describe_duplicates, without_shared_items
from .hold_out import VAL_FRACTION, hold_out

PART_PURPOSES = {"train": "train on", "val": "validate", "test": "test"}
PART_NAMES = tuple(PART_PURPOSES)
ITEM_FORMATS: dict[Kind, str] = {
    "image": "{} images {}",
    "table": "{} rows of {}",
    "text": "{} texts of up to {} letters",
}
MAX_CACHED_SPLITS = 2
MIN_RELIABLE_ITEMS = 30  # the mean error of fewer items is mostly chance
CHUNK_SIZE = 1024

log = logging.getLogger(__name__)


class Splits(NamedTuple):
    """The three parts of a data set.

    Attributes:
        train: The training part.
        val: The validation part.
        test: The test part.
        spec: The shape and kind of an item.
        fingerprint: A hash that depends on all items, their targets and the split.
        has_own_val: Whether the source has a validation part. If not, `val` is split off from the
            training part.
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
        """Returns splits of these parts, and computes their fingerprint."""
        return cls(train, val, test, spec, _hash_parts((train, val, test)))

    def with_parts(self, train: Part | None = None, val: Part | None = None) -> Self:
        """Returns a copy with another training or validation part, and a new fingerprint."""
        return self.of(train or self.train, val or self.val, self.test, self.spec)


_splits: dict[tuple[Source, int], Splits] = {}
_states: dict[tuple[Source, int], FileState | None] = {}
"""Size and time of the file of each source when it was read; None for other sources."""


def forget_changed_files() -> None:
    """Removes the splits of files that have changed since, so that they are read again."""
    for key in [key for key in _splits if key in _states]:
        if file_state(key[0].name) != _states[key]:
            del _splits[key]


def read_splits(source: Source, seed: int, cache: Path | None = None) -> Splits:
    """Reads a source, and returns it as splits; `seed` determines the validation part.

    The two latest results are cached in memory, because trials share them. `cache` is the folder
    that keeps decoded images and large tables; if None, they are not kept.
    """
    is_builtin = source.name in DATASETS
    if not is_builtin:  # a relative path means another folder once the process moves
        source = source._replace(name=os.path.abspath(source.name))
    key = (source, seed)
    if key not in _splits:
        name, state = Path(source.name).name, file_state(source.name)
        dataset = load_source(source._replace(only=(), deduplicate=False), cache)
        if source.only:
            dataset = keep_classes(dataset, source.only, name)
        train, val, test = dataset.train, dataset.val, dataset.test
        if val is None:
            train, val = hold_out(train, VAL_FRACTION, seed)
        duplicates = list(describe_duplicates(train, val, test))
        if source.deduplicate:
            train, n = without_shared_items(train, val, test), len(train)
            duplicates.append(f"left out {n - len(train):,} training items that another part has")
        while len(_splits) >= MAX_CACHED_SPLITS:
            del _splits[next(iter(_splits))]
        fingerprint = _hash_parts((train, val, test), source.name in FLOAT_FINGERPRINTS)
        has_own_val = dataset.val is not None
        splits = Splits(train, val, test, dataset.spec, fingerprint, has_own_val)
        _splits[key], _states[key] = splits, state
        notes = duplicates
        if is_builtin and os.path.exists(name):
            notes = [f"this is the built-in data set; the path is ./{name}", *duplicates]
        if not is_builtin:
            notes = [describe_splits(splits), *_split_notes(splits), *duplicates, *dataset.notes]
        for note in notes:
            log.info("%s: %s", name, note)
    return _splits[key]


def serialize_splits() -> list[tuple[Any, ...]]:
    """Returns all cached splits as tensors and plain values, which another process can receive."""
    return [
        (
            source._asdict() | {"table": asdict(source.table)},
            seed,
            [(p[0] if isinstance(p[0], Tensor) else astuple(p[0]), *p[1:]) for p in splits[:3]],
            (splits.spec.to_table(), *splits[4:]),
        )
        for (source, seed), splits in _splits.items()
    ]


def deserialize_splits(serialized: Iterable[tuple[Any, ...]]) -> None:
    """Adds the result of `serialize_splits`, from another process, to the cached splits."""
    for options, seed, parts, (spec, fingerprint, has_own_val) in serialized:
        train, val, test = (
            Part(inputs if isinstance(inputs, Tensor) else LazyImages(*inputs), *others)
            for inputs, *others in parts
        )
        splits = Splits(train, val, test, DataSpec.from_table(spec), fingerprint, has_own_val)
        source = Source(**options | {"table": TableOptions(**options["table"])})
        _splits[source, seed] = splits


def save_splits(path: Path) -> None:
    """Writes all cached splits to a file, and maps it into memory in place of the cached items.

    All processes that load the file share this memory.
    """
    with atomic_file(path) as partial:  # tensors may be mapped from the file that is replaced
        torch.save(serialize_splits(), partial)
    for splits, (_, _, parts, _) in zip(_splits.values(), _map_file(path), strict=True):
        for (inputs, *_), (saved, *_) in zip(splits[:3], parts, strict=True):
            if isinstance(inputs, Tensor):
                inputs.set_(saved)  # also for those who hold this tensor


def load_splits(path: Path) -> None:
    """Adds the splits in a file from `save_splits` to the cached splits."""
    deserialize_splits(_map_file(path))


def _map_file(path: Path) -> Any:
    return torch.load(path, mmap=True, weights_only=True)


def describe_splits(splits: Splits) -> str:
    """Returns a line with the number and shape of items, the classes, and the sizes of parts."""
    total = f"{sum(len(part) for part in splits[:3]):,}"
    items = ITEM_FORMATS[splits.spec.kind].format(total, splits.spec)
    counts = [f"{name} {len(part):,}" for name, part in zip(PART_NAMES, splits[:3], strict=True)]
    n = len(splits.spec.classes)
    classes = "1 class" if n == 1 else f"{n or 'no'} classes"
    targets = splits.train.targets
    if targets is not None and targets.is_floating_point():
        n = 1 if targets.ndim == 1 else targets.shape[1]
        classes = "a number to predict" if n == 1 else f"{n} numbers to predict"
    by_column = describe_split_column(splits[:3], splits.spec)
    return f"{items}, {classes}, {' / '.join(counts)}{', ' * bool(by_column)}{by_column}"


def _split_notes(splits: Splits) -> Iterator[str]:
    parts = dict(zip(PART_NAMES, splits[:3], strict=True))
    for name, part in parts.items():
        if len(part) < MIN_RELIABLE_ITEMS:
            count = "1 item" if len(part) == 1 else f"{len(part)} items"
            yield f"only {count} to {PART_PURPOSES[name]}: too few for reliable results"
    classes = splits.spec.classes
    for name, part in parts.items():
        if part.targets is not None and classes:
            counts = part.targets.bincount(minlength=len(classes)).tolist()
            absent = [label for label, count in zip(classes, counts, strict=True) if not count]
            if absent:
                yield f"the {name} part has no item of the class {quote_some(absent)}"


def _hash_parts(parts: Iterable[Part], as_floats: bool = False) -> str:
    digest = hashlib.sha256()
    for inputs, targets, _, split_by in parts:
        digest.update(str(tuple(inputs.shape)).encode())
        if isinstance(inputs, Tensor):
            for chunk in torch.split(inputs, CHUNK_SIZE):
                floats = to_float(chunk) if as_floats else chunk
                digest.update(np.ascontiguousarray(floats.numpy()).data)
        else:
            for file in inputs.describe_files():
                digest.update(file)
        for values in (targets, split_by):
            if values is not None:
                digest.update(str(tuple(values.shape)).encode())
                digest.update(np.ascontiguousarray(values.numpy()).data)
    return digest.hexdigest()[:16]
