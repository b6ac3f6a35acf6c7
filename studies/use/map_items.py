"""The items of a map: what is written of each of them, and what gives them their colors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ...models.data_spec import DataSpec
from ...objectives.data.item_metadata import ITEM_COLUMN, ROW_COLUMN, item_metadata
from ...objectives.data.tensor_data import TensorData
from ..study.study_error import StudyError
from .color_values import color_values
from .trained_network import TrainedNetwork

if TYPE_CHECKING:
    from torch import Tensor

PART, CLASS, TARGET = "part", "class", "target"
UNUSED = ("row number", "left out")
"""Roles of columns of a file that a network never sees."""
OWN = (PART, CLASS, TARGET, "x", "y")
"""Columns of a map that the data may have too; theirs are then called `data x`, for example."""


@dataclass(frozen=True)
class MapItems:
    """Training items, whose codes lie on a map.

    Attributes:
        columns: What the data say of each: `item`, `row` and all columns of the file; nothing of
            items of a data module of the user's own.
        ids: Those of the columns that say which item it is; features and labels do not.
        label: The class of each item, or the number to predict of it, if any.
        folder: Where paths of items start from.
    """

    columns: pd.DataFrame
    ids: list[str]
    label: pd.Series[Any] | None
    folder: Path

    @classmethod
    def of(cls, trained: TrainedNetwork, n: int, labels: Tensor | None, seed: int) -> Self:
        """Returns the first n training items, in the order that a seed draws.

        Args:
            trained: The network and its data.
            n: Number of items.
            labels: What the data give them as targets, with shape (n,), if anything.
            seed: As in `TrainedNetwork.codes`.
        """
        data, label = trained.data, _label(trained.data.spec, labels)
        if not isinstance(data, TensorData):
            return cls(pd.DataFrame(index=range(n)), [], label, Path())
        part = trained.part("train", seed).take(range(n))
        columns = item_metadata(data.source, "train", part, data.spec)
        place = Path(data.source.name)
        folder = place if place.is_dir() else place.parent
        return cls(columns, _ids(columns, label, data.spec), label, folder)

    def color(self, name: str | None) -> pd.Series[Any] | None:
        """Returns what gives the items their colors, by its name; the label if there is none.

        Raises:
            StudyError: If there is no such column, or a file does not name the items.
            DataError: If the file cannot be read.
        """
        if name is None:
            return self.label
        columns = self.columns
        if self.label is not None and self.label.name not in columns:
            columns = columns.assign(**{str(self.label.name): self.label})
        if not self.ids and name not in columns:
            raise StudyError(
                "the study brings data of its own, whose items have no columns: leave out `color=`"
            )
        return color_values(name, columns, self.ids, self.folder)

    def table(self, values: pd.Series[Any] | None) -> pd.DataFrame:
        """Returns what is written of each item: its ids, its part, its label and its color."""
        table = self.columns[self.ids].rename(columns={name: f"data {name}" for name in OWN})
        table.insert(min(2, table.shape[1]), PART, "train")
        if self.label is not None:
            table[self.label.name] = self.label
        if values is not None and not _same(values, self.label):
            name = str(values.name)
            if name not in table or not values.equals(table[name]):
                table[f"color {name}" if name in (*table, *OWN) else name] = values
        return table


def _label(spec: DataSpec, labels: Tensor | None) -> pd.Series[Any] | None:
    if labels is None:
        return None
    if spec.classes:
        names = [spec.classes[label] for label in labels]
        return pd.Series(pd.Categorical(names, spec.classes), name=CLASS)
    return pd.Series(labels.numpy(), name=TARGET) if labels.is_floating_point() else None


def _ids(columns: pd.DataFrame, label: pd.Series[Any] | None, spec: DataSpec) -> list[str]:
    learned = {column.name for column in spec.columns if column.role not in UNUSED}
    if spec.kind == "table" and not spec.columns:
        learned |= {str(name) for name in columns}
    return [
        str(name)
        for name, column in columns.items()
        if name in (ITEM_COLUMN, ROW_COLUMN) or not (name in learned or _same(column, label))
    ]


def _same(column: pd.Series[Any], label: pd.Series[Any] | None) -> bool:
    """Says whether a column says the same as the labels of the items."""
    if label is None or column is label:
        return label is not None
    if label.name == TARGET:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(float)
        return np.allclose(numbers, label.to_numpy(float), rtol=1e-6, atol=0)
    return bool((column.astype(str) == label.astype(str)).all())
