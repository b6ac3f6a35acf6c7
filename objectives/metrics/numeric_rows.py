"""Items as plain rows of numbers, for methods that know no images, tables or texts."""

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
"""What the numbers of a row are called."""


def to_numeric_rows(items: Any, data: DataSpec) -> Rows:
    """Returns items as rows of numbers.

    These are the values of pixels; the features of a table, standardised as networks see them if
    they do; or how often each letter occurs in a text.

    Args:
        items: A tensor, with shape (N, *data.shape).
        data: What they are.

    Returns:
        The rows, with shape (N, F).
    """
    if data.kind == "text":
        counts = torch.zeros(len(items), len(data.letters) + 1)
        ones = torch.ones(items.shape)
        letters: Rows = counts.scatter_add_(1, items, ones).numpy()[:, 1:]  # 0 is no letter
        return letters
    if data.kind == "table":
        rows: Rows = nn.Sequential(*standardize_input(data))(items).double().numpy()
        return rows
    return to_float(items).flatten(1).numpy()
