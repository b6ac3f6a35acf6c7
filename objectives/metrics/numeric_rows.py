"""Items as rows of numbers, for methods that do not distinguish images, tables and texts."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ...models.data_spec import DataSpec, Kind
from ...models.networks.standardize import standardize_input
from ..data.parts import to_float

Rows = NDArray[np.floating[Any]]

NUMBERS: dict[Kind, str] = {"image": "pixels", "table": "features", "text": "letters"}
"""The name of the numbers of a row."""


def to_numeric_rows(items: Any, data: DataSpec) -> Rows:
    """Returns items (N, *data.shape) as rows of numbers (N, F).

    These are pixel values; features of a table, standardized if networks standardize them; or how
    often each letter occurs in a text.
    """
    if data.kind == "text":
        counts = torch.zeros(len(items), len(data.letters) + 1)
        ones = torch.ones(items.shape)
        letters: Rows = counts.scatter_add_(1, items, ones).numpy()[:, 1:]  # 0 is padding
        return letters
    if data.kind == "table":
        rows: Rows = nn.Sequential(*standardize_input(data))(items).double().numpy()
        return rows
    return to_float(items).flatten(1).numpy()
