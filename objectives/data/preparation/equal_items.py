"""Equal items in the parts of a data set: finds, counts and removes them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..data_error import DataError
from ..parts import Part
from .hold_out import first_occurrences

PART_NOUNS = {"val": "validation", "test": "test"}
"""What messages call the parts that may share items with the training part."""

Indices = NDArray[np.int64]


def find_shared_items(train: Part, val: Part, test: Part) -> dict[str, Indices]:
    """Returns the items of `val` and `test` that are also training items.

    For each of both parts, the result is an array of shape (n, 2): the index of an item in the
    part, and the index of the first equal training item.
    """
    return _shared_pairs(_first_occurrences(train, val, test), len(train), len(val))


def describe_duplicates(train: Part, val: Part, test: Part) -> Iterator[str]:
    """Yields notes for the user on equal items: how many, in which parts, with other targets."""
    first = _first_occurrences(train, val, test)
    is_duplicate = first != np.arange(len(first))
    if not is_duplicate.any():
        return
    shared = _shared_pairs(first, len(train), len(val))
    verb = "is a duplicate of another" if is_duplicate.sum() == 1 else "are duplicates of others"
    yield f"{is_duplicate.sum():,} of {len(first):,} items {verb}" + (
        "" if any(map(len, shared.values())) else ": equal items are kept in one part"
    )
    for name, part in (("val", val), ("test", test)):
        if n := len(shared[name]):
            noun = PART_NOUNS[name]
            yield f"{n:,} of {len(part):,} {noun} items are also in the training part"
    if train.targets is not None:
        targets = np.concatenate([part.targets for part in (train, val, test)])
        is_different = (targets != targets[first]).reshape(len(targets), -1).any(1)
        if different := is_different.sum():
            yield f"{different:,} duplicates have another target than the item they are equal to"


def without_shared_items(train: Part, val: Part, test: Part) -> Part:
    """Returns the training part without items that are also in the validation or test part.

    Raises:
        DataError: If no item would be left.
    """
    first = _first_occurrences(train, val, test)
    kept = np.flatnonzero(~np.isin(first[: len(train)], first[len(train) :]))
    if not len(kept):
        raise DataError(
            "all training items are also in the validation or test part: leave out `deduplicate=`"
        )
    return train.take(kept.tolist())


def _first_occurrences(*parts: Part) -> Indices:
    """Returns for each item of all parts the index of the first equal item."""
    return np.array(first_occurrences(*(part.inputs for part in parts)))


def _shared_pairs(first: Indices, n_train: int, n_val: int) -> dict[str, Indices]:
    parts = dict(zip(PART_NOUNS, np.split(first[n_train:], [n_val]), strict=True))
    indices = {name: np.flatnonzero(part < n_train) for name, part in parts.items()}
    return {name: np.stack([indices[name], parts[name][indices[name]]], 1) for name in parts}
