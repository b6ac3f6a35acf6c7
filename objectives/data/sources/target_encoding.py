"""Encodes targets as class numbers, or as numbers to predict."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..data_error import DataError
from ..parts import is_valid_number
from .column_names import normalize_label
from .column_types import MAX_CATEGORIES


def encode_targets(
    parts: Mapping[str, NDArray[Any]], numbers: bool, source: str
) -> tuple[tuple[str, ...], dict[str, torch.Tensor]]:
    """Returns the names of the classes, and a tensor of targets for each part.

    If the targets are classes, the tensors hold class numbers. If they are numbers to predict,
    there are no class names, and the tensors are float64. Targets of shape (N, K) are numbers.

    Text and booleans are classes. Texts that are equal after Unicode normalization are the same
    class. If `numbers` is True, numbers are never classes. Otherwise, numbers are classes if they
    are integers and at most half of them are distinct. In addition, there must be at most 50
    distinct ones, or they must be all integers from 0 to the largest one.
    """
    if any(targets.dtype.kind not in "iufbU" for targets in parts.values()):
        raise DataError(f"{source} has labels that are neither numbers nor text: save them as one")
    if len({targets.dtype.kind == "U" for targets in parts.values()}) > 1:
        raise DataError(f"{source} has labels that are numbers in one part and text in another")
    parts = {part: _normalize_labels(targets) for part, targets in parts.items()}
    together = np.concatenate(list(parts.values()))
    if together.dtype.kind == "f" and not is_valid_number(together).all():
        raise DataError(
            f"{source} has targets that are not finite, or beyond 1e150: leave out or fill those "
            "items"
        )
    if together.dtype.kind == "U" and numbers:
        raise DataError(
            f"{source} has targets that are text, such as {str(together[0])!r}, not numbers"
        )
    if numbers or together.ndim > 1 or not _are_classes(together):
        return (), {part: torch.from_numpy(t.astype(np.float64)) for part, t in parts.items()}
    classes = np.unique(parts["train"])
    encoded = {}
    for part, targets in parts.items():
        indices = np.searchsorted(classes, targets).clip(max=len(classes) - 1)
        unknown = targets[classes[indices] != targets]
        if len(unknown):
            raise DataError(
                f"{source} has a label {unknown[0]} that its training part lacks: leave it out"
            )
        encoded[part] = torch.from_numpy(indices.astype(np.int64))
    if classes.dtype.kind in "if" and classes[0] < 0:
        raise DataError(
            f"{source} has a label {classes[0]:g}: write classes as text or as numbers from "
            "0 on, or predict them as numbers"
        )
    if classes.dtype.kind == "f":
        classes = classes.astype(np.int64)
    return tuple(str(name) for name in classes), encoded


def _are_classes(targets: NDArray[Any]) -> bool:
    if targets.dtype.kind in "bU":
        return True
    distinct = np.unique(targets)
    if (distinct % 1 != 0).any() or 2 * len(distinct) > len(targets):
        return False
    return len(distinct) <= MAX_CATEGORIES or np.array_equal(distinct, np.arange(len(distinct)))


def _normalize_labels(targets: NDArray[Any]) -> NDArray[Any]:
    if targets.dtype.kind != "U":
        return targets
    texts, indices = np.unique(targets, return_inverse=True)
    return np.array([normalize_label(text) for text in texts.tolist()], dtype=str)[indices]
