"""CodedItems: items with their names, their latent codes, and a function that reads them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ...models.densities.density import Codes
from ...models.pixels import to_float
from ...objectives.data.new_items.new_items import NewItems
from .data_items import CLASS_COLUMN, DataItems
from .inference import INPUT, PLACE, make_item_reader, run_inference
from .trained_network import PARTS, PartName, TrainedNetwork, encode_items, to_finite_codes


@dataclass(frozen=True)
class CodedItems:
    """Items with their latent codes.

    Attributes:
        table: A row for each item. The first column has its name.
        codes: The codes, with shape (N, D).
        read: Returns the item with a number from 0, with shape (1, *shape).
        unreadable: The reasons why other items could not be read, by their names.
    """

    table: pd.DataFrame
    codes: Codes
    read: Callable[[int], Tensor]
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_parts(
        cls,
        network: TrainedNetwork,
        parts: Sequence[PartName] = PARTS,
        reserved: Collection[str] = (),
    ) -> Self:
        """Returns the items of some parts of the study's data.

        The table is that of `DataItems`, with its argument `reserved`.
        """
        codes = np.concatenate([network.kept_codes(name) for name in parts])
        data = network.tensor_data
        splits = [getattr(data.splits, name) for name in parts]
        tables = [
            DataItems.of(data, name, part).table(reserved)
            for name, part in zip(parts, splits, strict=True)
        ]
        places = [(part, index) for part in splits for index in range(len(part))]

        def read(number: int) -> Tensor:
            part, index = places[number]
            return to_float(part.inputs[[index]])

        return cls(pd.concat(tables, ignore_index=True), codes, read)

    @classmethod
    def of_new(cls, network: TrainedNetwork, items: Sequence[NewItems]) -> Self:
        """Returns new items. The table has the column `input` and, for texts, `place`."""
        result = run_inference(items, partial(encode_items, network.encoder))
        table = pd.DataFrame({INPUT: result.names})
        if any(result.places):
            table[PLACE] = result.places
        table = table.iloc[result.readable].reset_index(drop=True)
        codes = to_finite_codes(torch.cat(result.outputs))
        return cls(table, codes, make_item_reader(items, result), result.unreadable)

    def take(self, numbers: Sequence[int]) -> Self:
        """Returns the items with some numbers."""
        chosen = list(numbers)
        table = self.table.iloc[chosen].reset_index(drop=True)
        return replace(
            self, table=table, codes=self.codes[chosen], read=lambda n: self.read(chosen[n])
        )

    @property
    def names(self) -> list[str]:
        """The name of each item."""
        return [str(name) for name in self.table.iloc[:, 0]]

    @property
    def labels(self) -> list[str] | None:
        """The class of each item as text; None without classes."""
        return (
            self.table[CLASS_COLUMN].astype(str).tolist() if CLASS_COLUMN in self.table else None
        )
