"""Items as plain rows of numbers, for methods that know no images, tables or texts."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.data_spec import DataSpec, Kind
from ...models.networks.standardise import unit
from ..data.parts import floats

Rows = NDArray[np.float32]

NUMBERS: dict[Kind, str] = {"image": "pixels", "table": "features", "text": "letters"}
"""What the numbers of a row are called."""


def as_rows(items: Any, data: DataSpec) -> Rows:
    """Returns items as rows of numbers.

    These are the values of pixels, the features of a table in the unit of its errors, or how often
    each letter occurs in a text.

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
    rows: Rows = (floats(items) / unit(data)).flatten(1).numpy()
    return rows
