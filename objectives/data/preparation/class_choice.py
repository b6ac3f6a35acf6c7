"""Keeps the items of some classes of a data set, and leaves out all others."""

from collections.abc import Collection
from dataclasses import replace

import torch

from ..data_error import DataError
from ..parts import LoadedDataset, Part
from ..sources.column_names import did_you_mean, quote_some
from .hold_out import MIN_ITEMS


def keep_classes(dataset: LoadedDataset, names: Collection[str], source: str) -> LoadedDataset:
    """Returns a data set with the items of the named classes alone; the classes keep their order.

    `source` is the name of the data set in messages.

    Raises:
        DataError: If there is no such class, or too few items are left to train and test.
    """
    kept = take_classes(dataset, names, source)
    for part, items, least in (("training", kept.train, MIN_ITEMS), ("test", kept.test, 1)):
        if len(items) < least:
            raise DataError(
                f"{source} has {len(items)} {part} items of {quote_some(names)}, and at least "
                f"{least} are needed: name more classes by `only=`"
            )
    return kept


def take_classes(dataset: LoadedDataset, names: Collection[str], source: str) -> LoadedDataset:
    """Returns the items of the named classes, which may be few or none; see `keep_classes`."""
    spec = dataset.spec
    if not spec.classes:
        raise DataError(f"{source} has no classes to choose from: leave out `only=`")
    for name in names:
        if name not in spec.classes:
            hint = did_you_mean(name, spec.classes)
            raise DataError(f"{source} has no class {name!r} for `only=`: {hint}")
    numbers = [number for number, name in enumerate(spec.classes) if name in names]

    def take(part: Part) -> Part:
        assert part.targets is not None
        chosen = torch.isin(part.targets, torch.tensor(numbers)).nonzero().flatten()
        kept_targets = torch.searchsorted(torch.tensor(numbers), part.targets[chosen])
        inputs, _, *others = part.take(chosen.tolist())
        return Part(inputs, kept_targets, *others)

    return dataset._replace(
        train=take(dataset.train),
        test=take(dataset.test),
        spec=replace(spec, classes=tuple(spec.classes[number] for number in numbers)),
        val=None if dataset.val is None else take(dataset.val),
    )
