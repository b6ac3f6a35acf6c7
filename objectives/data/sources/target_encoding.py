"""Targets of any data: whether they name classes, or are numbers to predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..data_error import DataError
from ..parts import is_valid_number
from .column_types import MAX_CATEGORIES
from .normalize_label import normalize_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor


def encode_targets(
    found: Mapping[str, NDArray[Any]], numbers: bool, what: str
) -> tuple[tuple[str, ...], dict[str, Tensor]]:
    """Returns the names of the classes, and the targets of each part.

    Text names classes. So do whole numbers, as integers or floats, of which there are at most half
    as many as items; and at most 50, or all from 0 on. What else is a number is to be predicted.
    A text is the same class in each of Unicode's forms.

    Args:
        found: Targets of each part, with shape (N,), as text, booleans or numbers; `train` is one.
        numbers: Whether all numbers are to be predicted.
        what: What the data are called in errors.

    Returns:
        The classes, and the number of the class of each item; or no classes, and floats.

    Raises:
        DataError: If a class is below 0 or the training part lacks it, if a number is infinite or
            none at all, or if numbers are asked for where there is text.
    """
    import numpy as np
    import torch

    if any(targets.dtype.kind not in "iufbU" for targets in found.values()):
        raise DataError(f"{what} has labels that are neither numbers nor text")
    if len({targets.dtype.kind == "U" for targets in found.values()}) > 1:
        raise DataError(f"{what} has labels that are numbers in one part and text in another")
    found = {part: _labels(targets) for part, targets in found.items()}
    whole = np.concatenate(list(found.values()))
    if whole.dtype.kind == "f" and not is_valid_number(whole).all():
        raise DataError(
            f"{what} has targets that are not finite, or beyond 1e150: leave out or fill those "
            "items"
        )
    if whole.dtype.kind == "U" and numbers:
        raise DataError(
            f"{what} has targets that are text, such as {str(whole[0])!r}, and no numbers"
        )
    if numbers or not _are_classes(whole):
        floats = {part: torch.from_numpy(t.astype(np.float64)) for part, t in found.items()}
        return (), floats
    classes = np.unique(found["train"])
    numbered = {}
    for part, names in found.items():
        places = np.searchsorted(classes, names).clip(max=len(classes) - 1)
        unknown = names[classes[places] != names]
        if len(unknown):
            raise DataError(f"{what} has a label {unknown[0]} that its training part lacks")
        numbered[part] = torch.from_numpy(places.astype(np.int64))
    if classes.dtype.kind in "if" and classes[0] < 0:
        raise DataError(
            f"{what} has a label {classes[0]:g}: write classes as text or as numbers from "
            "0 on, or predict them as numbers"
        )
    if classes.dtype.kind == "f":
        classes = classes.astype(np.int64)
    return tuple(str(name) for name in classes), numbered


def _are_classes(targets: NDArray[Any]) -> bool:
    """Says whether targets name classes."""
    import numpy as np

    if targets.dtype.kind in "bU":
        return True
    distinct = np.unique(targets)
    if (distinct % 1 != 0).any() or 2 * len(distinct) > len(targets):
        return False
    return len(distinct) <= MAX_CATEGORIES or np.array_equal(distinct, np.arange(len(distinct)))


def _labels(targets: NDArray[Any]) -> NDArray[Any]:
    """Returns targets as they are, but text as labels."""
    import numpy as np

    if targets.dtype.kind != "U":
        return targets
    texts, places = np.unique(targets, return_inverse=True)
    return np.array([normalize_label(text) for text in texts.tolist()], dtype=str)[places]
