"""Reads new items for a trained network: from files, folders, texts, or another data set."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch

from ....models.data_spec import Kind
from ..data_error import DataError
from ..item_metadata import ITEM_COLUMN, item_metadata
from ..preparation.class_choice import take_classes
from ..preparation.splits import read_splits
from ..sources.builtin_datasets import DATASETS
from ..sources.load_source import load_source
from ..sources.source import Source
from ..tensor_data import TensorData
from .new_arrays import prepare_like_training
from .new_images import read_new_images
from .new_items import NewItems, Preparation
from .new_objects import read_new_objects
from .new_rows import read_new_rows
from .new_texts import read_new_texts

READERS_BY_KIND: dict[Kind, Callable[[Sequence[str], Preparation], list[NewItems]]] = {
    "image": read_new_images,
    "table": read_new_rows,
    "text": read_new_texts,
}
OTHER_CLASSES = "others"
"""The name of the classes that were left out of training, as data to score."""
MAX_SAMPLED_ITEMS = 10_000  # of a built-in data set


def read_new_items(inputs: Any, preparation: Preparation) -> list[NewItems]:
    """Returns the items of files, folders, globs, texts, standard input (`-`), or of an object.

    The items are prepared like the training data of the network.
    """
    names = _names(inputs)
    if names is None:
        return read_new_objects(inputs, preparation)
    if not names:
        raise DataError("name at least one input: a file, a folder or a text")
    return READERS_BY_KIND[preparation.spec.kind](names, preparation)


def _names(inputs: Any) -> list[str] | None:
    """Returns the names in `inputs`, which is one or a list of them; None for other objects."""
    if isinstance(inputs, str | os.PathLike):
        return [str(inputs)]
    if not isinstance(inputs, Sequence) and getattr(inputs, "ndim", None) != 1:
        return None
    items = list(inputs)
    return list(map(str, items)) if all(isinstance(i, str | os.PathLike) for i in items) else None


def read_other_data(
    source: Any, data: "TensorData", part: Literal["train", "test"], seed: int = 0
) -> list[NewItems]:
    """Returns the items of a data set, a file, a folder or an object.

    The items are prepared like the training data of a network. The source `others` stands for the
    classes of this data that were left out of training.

    `part` selects the part of a built-in data set or of `others`. If it has more than 10,000
    items, a random sample of 10,000 is returned; `seed` is its seed.
    """
    is_name = isinstance(source, str)
    if is_name and source == OTHER_CLASSES:
        return [_read_other_classes(data, part, seed)]
    if is_name and os.path.realpath(source) == os.path.realpath(data.source.name):
        hint = f", or {OTHER_CLASSES} for its other classes" if data.source.only else ""
        raise DataError(
            f"{source} is the data that the network was trained on: name other data{hint}"
        )
    spec = data.spec
    is_square = spec.kind == "image" and spec.shape[1] == spec.shape[2]
    preparation = Preparation(spec, spec.shape[1] if is_square else None, data.streamed)
    if not is_name or source not in DATASETS:
        return read_new_items(source, preparation)
    splits = read_splits(Source(source, data.source.data_dir), data.seed, data.cache)
    items = getattr(splits, part)
    indices = _sample_indices(len(items), seed)
    inputs = items.take(indices).inputs
    prepared = prepare_like_training(inputs, splits.spec.kind, preparation, source)
    return [NewItems.from_tensor(list(map(str, indices)), prepared)]


def _read_other_classes(data: "TensorData", part: Literal["train", "test"], seed: int) -> NewItems:
    """Returns the items of the classes that `only=` left out of the training of a network."""
    only = data.source.only
    if not only:
        raise DataError(
            f"all classes of {data.name} were trained on, and {OTHER_CLASSES} are those that "
            "`only=` leaves out: name other data"
        )
    dataset = load_source(data.source._replace(only=(), deduplicate=False), data.cache)
    names = [name for name in dataset.spec.classes if name not in only]
    items = getattr(take_classes(dataset, names, str(data.name)), part)
    if not len(items):
        raise DataError(f"{data.name} has no {part} items of other classes: name other data")
    items = items.take(_sample_indices(len(items), seed))
    names = item_metadata(data.source, part, items, data.spec)[ITEM_COLUMN].tolist()
    return NewItems.from_tensor(names, items.inputs)


def _sample_indices(n: int, seed: int) -> list[int]:
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    return sorted(order[:MAX_SAMPLED_ITEMS].tolist())
