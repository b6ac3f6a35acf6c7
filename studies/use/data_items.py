"""DataItems: the items of a part of the data, with ids and the class or the number to predict."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ...models.data_spec import DataSpec
from ...objectives.data.item_metadata import ITEM_COLUMN, ROW_COLUMN, item_metadata
from ...objectives.data.parts import Part
from ...objectives.data.tensor_data import TensorData

if TYPE_CHECKING:
    from torch import Tensor

PART_COLUMN, CLASS_COLUMN, TARGET_COLUMN = "part", "class", "target"
RESERVED_COLUMNS = (PART_COLUMN, CLASS_COLUMN, TARGET_COLUMN)
UNUSED_ROLES = ("row number", "left out", "group", "time")
"""Roles of the columns of a file that are not features."""


@dataclass(frozen=True)
class DataItems:
    """Items of a part of the data.

    Attributes:
        columns: A row for each item: `item`, `row` and the columns of the data file.
        ids: Names of the columns that identify an item. Features and targets are not among them.
        target: The class of each item, or the number to predict; None without targets.
        part: The name of the part.
    """

    columns: pd.DataFrame
    ids: list[str]
    target: pd.Series[Any] | None
    part: str

    @classmethod
    def of(cls, data: TensorData, name: str, part: Part) -> Self:
        """Returns the items of `part`, which is the part `name` of the data, or some of it."""
        columns = item_metadata(data.source, name, part, data.spec)
        target = make_target_column(data.spec, part.targets)
        return cls(columns, _id_columns(columns, target, data.spec), target, name)

    @property
    def columns_and_target(self) -> pd.DataFrame:
        """The columns, and the target if the file has no column of this name."""
        if self.target is None or self.target.name in self.columns:
            return self.columns
        return self.columns.assign(**{str(self.target.name): self.target})

    def table(self, reserved: Collection[str] = ()) -> pd.DataFrame:
        """Returns a table of the items: `item`, `row`, `part`, other id columns, and the target.

        A column of the file with a reserved name is renamed: `part` becomes `data part`. The names
        `part`, `class` and `target` are always reserved.
        """
        names = {*RESERVED_COLUMNS, *reserved} - {ITEM_COLUMN, ROW_COLUMN}
        table = self.columns[self.ids].rename(columns={name: f"data {name}" for name in names})
        table.insert(min(2, table.shape[1]), PART_COLUMN, self.part)
        if self.target is not None:
            table[self.target.name] = self.target
        return table


def item_folder(data: TensorData) -> Path:
    """Returns the folder that paths of items are relative to."""
    path = Path(data.source.name)
    return path if path.is_dir() else path.parent


def make_target_column(spec: DataSpec, targets: Tensor | None) -> pd.Series[Any] | None:
    """Returns targets (N,) as the column `class` or `target`; None for other targets."""
    if targets is None:
        return None
    if spec.classes:
        classes = pd.Index(spec.classes)
        return pd.Series(pd.Categorical.from_codes(targets.tolist(), classes), name=CLASS_COLUMN)
    is_number = targets.is_floating_point() and targets.ndim == 1
    return pd.Series(targets.numpy(), name=TARGET_COLUMN) if is_number else None


def equals_target(column: pd.Series[Any], target: pd.Series[Any] | None) -> bool:
    """Returns whether a column holds the classes or the numbers to predict."""
    if target is None or column is target:
        return target is not None
    if target.name == TARGET_COLUMN:
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(float)
        return np.allclose(numbers, target.to_numpy(float), rtol=1e-6, atol=0)
    return bool((column.astype(str) == target.astype(str)).all())


def _id_columns(columns: pd.DataFrame, target: pd.Series[Any] | None, spec: DataSpec) -> list[str]:
    features = {column.name for column in spec.columns if column.role not in UNUSED_ROLES}
    if spec.kind == "table" and not spec.columns:
        features |= {str(name) for name in columns}
    return [
        str(name)
        for name, column in columns.items()
        if name in (ITEM_COLUMN, ROW_COLUMN)
        or not (name in features or equals_target(column, target))
    ]
