"""Runs a trained network on new items, and reports the items that cannot be read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import pandas as pd
import torch
from torch import Tensor

from ...objectives.data.data_error import DataError
from ...objectives.data.new_items.new_items import NewItems, Preparation
from ...objectives.data.new_items.read_new_items import read_new_items
from ...objectives.progress import progress
from .trained_network import TrainedNetwork

Inputs: TypeAlias = str | Path | Sequence[str | Path] | object
R = TypeVar("R")

INPUT, PLACE, REASON = "input", "place", "reason"
GIVEN_SUFFIX = "_given"
"""Suffix for a column of the input file that has the same name as an output column."""


@dataclass(frozen=True)
class InferenceResult(Generic[R]):
    """Outputs of a network for new items.

    Attributes:
        names: The name of each item.
        reasons: For each item, why it could not be read; empty for readable items.
        places: For each text, where in a file it is; empty for other items.
        outputs: The output for each batch of readable items.
        columns: A row for each item, with the columns of the input file that are not features.
    """

    names: list[str]
    reasons: list[str]
    places: list[str]
    outputs: list[R]
    columns: pd.DataFrame

    @property
    def readable(self) -> list[int]:
        """The indices of the readable items."""
        return [index for index, reason in enumerate(self.reasons) if not reason]

    @property
    def unreadable(self) -> dict[str, str]:
        """The reason why an item cannot be read, by the place and the name of the item."""
        return {
            f"{place}: {name!r}" if place else name: reason
            for name, place, reason in zip(self.names, self.places, self.reasons, strict=True)
            if reason
        }

    def add_item_columns(self, outputs: pd.DataFrame) -> pd.DataFrame:
        """Returns `outputs`, which has a row for each item, with further columns.

        These are the name, place and reason of each item, and `self.columns`.
        """
        reserved = {INPUT, PLACE, REASON, *map(str, outputs)}
        columns = self.columns.rename(
            columns=lambda name: f"{name}{GIVEN_SUFFIX}" if str(name) in reserved else name
        )
        table = pd.concat([columns, outputs], axis=1)
        table.insert(0, INPUT, self.names)
        if any(self.places):
            table.insert(1, PLACE, self.places)
        if any(self.reasons):
            table[REASON] = [reason or None for reason in self.reasons]
        return table


def read_inputs(network: TrainedNetwork, inputs: Inputs) -> list[NewItems]:
    """Returns the new items in `inputs`, prepared as the training items of the network were."""
    return read_new_items(inputs, Preparation.of(network.header))


def make_item_reader(
    items: Sequence[NewItems], result: InferenceResult[Any]
) -> Callable[[int], Tensor]:
    """Returns a function that maps the number of a readable item to the item, (1, *shape).

    `result` is that of `run_inference` for the items.
    """
    places = [(group, index) for group in items for index in range(len(group))]
    readable = [places[index] for index in result.readable]

    def read(number: int) -> Tensor:
        group, index = readable[number]
        return group.read(slice(index, index + 1)).items

    return read


def run_inference(
    items: Iterable[NewItems], function: Callable[[Tensor], R]
) -> InferenceResult[R]:
    """Returns the outputs of `function` for batches of new items of shape (n, *data.shape).

    Raises:
        DataError: If no item can be read.
    """
    groups = list(items)
    names: list[str] = []
    reasons: list[str] = []
    places = [place for group in groups for place in group.places or [""] * len(group)]
    outputs: list[R] = []
    total = sum(map(len, groups))
    with torch.inference_mode(), progress("reading new input", total) as advance:
        for batch in (batch for group in groups for batch in group.batches()):
            names += batch.names
            reasons += batch.reasons
            if len(batch.items):
                outputs.append(function(batch.items))
            advance(len(batch.names))
    frames = [
        pd.DataFrame(index=range(len(group))) if group.columns is None else group.columns
        for group in groups
    ]
    columns = pd.concat(frames, ignore_index=True)
    result = InferenceResult(names, reasons, places, outputs, columns)
    if not outputs:
        name, reason = next(iter(result.unreadable.items()))
        prefix = f"not one of {total:,} inputs can be read: " if total > 1 else ""
        raise DataError(f"{prefix}{name} {reason}")
    return result
