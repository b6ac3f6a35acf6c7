"""Reads arrays, of files (.npy, .npz) or in memory: images or rows, with or without labels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from zipfile import ZipFile, is_zipfile

import numpy as np
import torch
from numpy.typing import NDArray

from ....models.data_spec import DataSpec, Kind
from ....models.pixels import to_float
from ..data_error import DataError, check_input_file, check_input_size
from ..parts import LoadedDataset, Part, is_valid_number
from ..preparation.hold_out import MIN_ITEMS, TEST_FRACTION, hold_out
from .pixel_range import (
    PixelRange,
    array_pixel_range,
    describe_range,
    learn_maximum,
    recorded_maximum,
    to_unit_range,
)
from .target_encoding import encode_targets

Array: TypeAlias = NDArray[Any]

INPUT_KEYS = ("x", "images", "inputs", "data", "arr_0")
TARGET_KEYS = ("y", "labels", "targets", "label", "arr_1")
CHANNEL_COUNTS = (1, 3)
CHECKED_VALUES = 2**22
"""Number of values whose finiteness is checked at once, which limits the memory of the check."""


class CheckedArrays(NamedTuple):
    """The arrays of a data set, which fit together.

    Attributes:
        kind: The kind of the items.
        items: The items of each part: rows of shape (N, F) or images of shape (N, C, H, W).
        labels: The labels of each part, with shape (N,), or floats of shape (N, K) with K numbers
            to predict for each item; empty without labels.
    """

    kind: Kind
    items: dict[str, Array]
    labels: dict[str, Array]


def read_array(path: Path, numbers: bool = False) -> LoadedDataset:
    """Returns the data set in an array file.

    A .npy file holds the items. A .npz file holds the items under a key of `INPUT_KEYS`; labels,
    if any, are under a key of `TARGET_KEYS`. Or it holds parts, such as `x_train`, `y_train`,
    `x_test` and `y_test`, or `train_images` and `train_labels` as MedMNIST writes them.

    Items of shape (N, F) are rows of a table. Items of shape (N, H, W), (N, C, H, W) or (N, H, W,
    C) are images with 1 or 3 channels; `learn_maximum` finds their pixel range. If `numbers` is
    True, labels are numbers to predict; otherwise `encode_targets` decides whether they are
    classes. Labels of shape (N, K) are K numbers to predict for each item.
    """
    return array_dataset(_load_arrays(path), str(path), numbers)


def array_dataset(arrays: Mapping[str, Array], path: str, numbers: bool = False) -> LoadedDataset:
    """Returns the data set in the arrays of a file; see `read_array`."""
    kind, items, labels = check_arrays(arrays, path)
    if numbers and not labels:
        raise DataError(f"{path} has no targets to predict as numbers: add an array 'y'")
    classes, targets = encode_targets(labels, numbers, path) if labels else ((), {})
    maximum, notes = 0, tuple[str, ...]()
    if kind == "image":
        tensors, maximum, notes = _image_tensors(items, path)
    else:
        tensors = {part: to_float64_rows(array) for part, array in items.items()}
    dataset = {part: Part(tensor, targets.get(part)) for part, tensor in tensors.items()}
    if "test" not in dataset:
        dataset["train"], dataset["test"] = hold_out(dataset["train"], TEST_FRACTION, seed=0)
    shape = tuple(dataset["train"].inputs.shape[1:])
    spec = DataSpec(shape, kind, classes, pixel_maximum=maximum)
    return LoadedDataset(dataset["train"], dataset["test"], spec, dataset.get("val"), notes)


def check_arrays(arrays: Mapping[str, Array], name: str) -> CheckedArrays:
    """Returns the arrays of a data set, after checking that they fit together.

    The keys are those of an .npz file; see `read_array`.

    Raises:
        DataError: If an array is missing or does not fit. The message begins with `name`.
    """
    parts = {part: _part_arrays(arrays, part, name) for part in ("train", "val", "test")}
    if parts["train"] is None:
        parts["train"] = _part_arrays(arrays, None, name)
    if parts["train"] is None:
        raise _no_inputs_error(name, arrays, ", parts as x_train, y_train, x_test, y_test")
    pairs = {part: pair for part, pair in parts.items() if pair is not None}
    kind, items = _check_items({part: inputs for part, (inputs, _) in pairs.items()}, name)
    if len(items["train"]) < MIN_ITEMS:
        raise DataError(
            f"{name} holds {len(items['train'])} items: at least {MIN_ITEMS} are needed"
        )
    labels = {part: found for part, (_, found) in pairs.items() if found is not None}
    for array in items.values():
        _check_finite(array, f"{name} holds values")
    for array in labels.values():
        _check_finite(array, f"{name} has targets")
    if labels and len(labels) < len(pairs):
        missing = next(part for part in pairs if part not in labels)
        raise DataError(f"{name} has no labels for its {missing} part: add 'y_{missing}'")
    _check_several_labels(labels, name)
    return CheckedArrays(kind, items, labels)


def read_array_items(path: Path) -> tuple[Kind, Array]:
    """Returns the kind of the items in an array file without labels, and the items.

    Rows of a table have shape (N, F), and images have shape (N, C, H, W).
    """
    return check_array_items(_load_arrays(path), str(path))


def check_array_items(arrays: Mapping[str, Array], name: str) -> tuple[Kind, Array]:
    """Returns the kind of the items in arrays without parts, and the items.

    Raises:
        DataError: If the items are missing or do not fit. The message begins with `name`.
    """
    pair = _part_arrays(arrays, None, name)
    if pair is None:
        raise _no_inputs_error(name, arrays)
    if not len(pair[0]):
        raise DataError(f"{name} holds no items")
    kind, items = _check_items({"x": pair[0]}, name)
    return kind, items["x"]


def _check_several_labels(labels: Mapping[str, Array], name: str) -> None:
    """Raises DataError if items have several labels which are not as many numbers each."""
    shapes = {array.shape[1:] for array in labels.values()}
    if len(shapes) > 1:
        found = ", ".join(str(array.shape) for array in labels.values())
        raise DataError(f"{name} holds parts with labels of shapes {found}: give all as many")
    for array in labels.values():
        if array.ndim > 1 and array.dtype.kind != "f":  # integers could be classes
            raise DataError(
                f"{name} holds labels of shape {array.shape} and type {array.dtype}: give a class "
                "for each item, as (N,), or several numbers to predict, by astype(float)"
            )


def _check_finite(array: Array, what: str) -> None:
    """Raises DataError if an item holds a value that is not finite, or beyond 1e150."""
    if array.dtype.kind != "f":
        return
    per_item = max(1, array[0].size) if len(array) else 1
    step = max(1, CHECKED_VALUES // per_item)
    chunks = (array[start : start + step] for start in range(0, len(array), step))
    valid = [is_valid_number(chunk).reshape(len(chunk), -1).all(axis=1) for chunk in chunks]
    invalid = np.flatnonzero(~np.concatenate(valid)) if valid else np.array([])
    if len(invalid):
        first = f"{len(invalid):,} items, the first " if len(invalid) > 1 else "the item "
        raise DataError(
            f"{what} that are not finite, or beyond 1e150, in {first}at index "
            f"{invalid[0]:,}: leave out or fill such items"
        )


def to_float64_rows(array: Array) -> torch.Tensor:
    """Returns an array of numbers as a float64 tensor of shape (N, F)."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float64))


def _no_inputs_error(name: str, arrays: Mapping[str, Array], others: str = "") -> DataError:
    names = ", ".join(map(repr, arrays)) or "nothing"
    usual = ", ".join(INPUT_KEYS[1:-1])
    return DataError(
        f"{name} holds {names}, but no array called x ({usual} will do): save the items again as "
        f"x, labels as y{others}"
    )


def _load_arrays(path: Path) -> dict[str, Array]:
    try:
        with check_input_file(path, "array").open("rb") as file:
            if is_zipfile(file):
                unpacked = sum(entry.file_size for entry in ZipFile(file).infolist())
                check_input_size(f"{path}, unpacked,", unpacked, "array")
            file.seek(0)
            loaded = np.load(file, allow_pickle=False)
            arrays = {"x": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
        # A zip file may hold other files, which numpy returns as bytes.
        return {name.lower(): a for name, a in arrays.items() if isinstance(a, np.ndarray)}
    except DataError:
        raise
    except Exception as error:  # numpy and zipfile raise many classes of errors
        if "pickle" in str(error):
            raise DataError(
                f"{path} holds Python objects or is not an array: save numbers by numpy.save"
            ) from error
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} is not an array that can be read safely: {reason}") from error


def _part_arrays(
    arrays: Mapping[str, Array], part: str | None, name: str
) -> tuple[Array, Array | None] | None:
    """Returns the inputs and the targets of a part, or None if the file lacks the part.

    If `part` is None, the keys do not name a part, as in a file without parts.
    """

    def find(keys: tuple[str, ...]) -> Array | None:
        known = keys if part is None else [n for k in keys for n in (f"{k}_{part}", f"{part}_{k}")]
        names = [name for name in known if name in arrays]
        if len(names) > 1:
            raise DataError(f"{name} holds {' and '.join(names)}: keep one of them")
        return arrays[names[0]] if names else None

    inputs, targets = find(INPUT_KEYS), find(TARGET_KEYS)
    if inputs is None:
        return None
    if targets is not None and targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]  # many libraries write labels as a column
    if inputs.ndim == 0 or (
        targets is not None and (targets.ndim > 2 or targets.shape[:1] != inputs.shape[:1])
    ):
        raise DataError(
            f"{name} holds {0 if inputs.ndim == 0 else len(inputs)} items, and labels of shape "
            f"{None if targets is None else targets.shape}: a label for each item is needed"
        )
    return inputs, targets


def _check_items(arrays: dict[str, Array], name: str) -> tuple[Kind, dict[str, Array]]:
    """Returns the kind of the items, and the items of each part; images become (N, C, H, W)."""
    shapes = {array.shape[1:] for array in arrays.values()}
    if len(shapes) > 1:
        found = ", ".join(map(str, shapes))
        raise DataError(
            f"{name} holds parts of different shapes, {found}: save items of one shape"
        )
    (shape,) = shapes
    are_rows = len(shape) == 1 and shape[0] > 0
    order = None if are_rows else _channels_first(shape, name)
    for array in arrays.values():
        if array.dtype.kind not in "fiub":
            needed = "numbers" if are_rows else "pixels"
            raise DataError(f"{name} holds values of type {array.dtype}, which are not {needed}")
    if are_rows:
        return "table", arrays
    return "image", {
        part: array[:, None] if order is None else array.transpose(order)
        for part, array in arrays.items()
    }


def _channels_first(shape: tuple[int, ...], name: str) -> tuple[int, ...] | None:
    """Returns the order of axes that moves the channels first; None without a channel axis."""
    if len(shape) == 2 and min(shape) > 0:
        return None
    if not shape:
        raise DataError(
            f"{name} holds one number for each item: give rows, by reshape(-1, 1) if each number "
            "is an item"
        )
    first, last = (len(shape) == 3 and shape[axis] in CHANNEL_COUNTS for axis in (0, -1))
    if not (first or last) or min(shape) < 1:
        raise DataError(
            f"{name} holds items of shape {shape}: rows are (F,), images (H, W), or (C, H, W) or "
            "(H, W, C) with 1 or 3 channels"
        )
    if first and last:
        raise DataError(
            f"{name} holds items of shape {shape}: the first and the last axis could both be the "
            "channels; save images as (N, H, W), or with sides other than 1 and 3"
        )
    return (0, 1, 2, 3) if first else (0, 3, 1, 2)


def pixel_ranges(items: Mapping[str, Array]) -> dict[str, PixelRange]:
    """Returns the range of the pixels of each part that has items."""
    return {part: array_pixel_range(array) for part, array in items.items() if len(array)}


def _image_tensors(
    items: dict[str, Array], name: str
) -> tuple[dict[str, torch.Tensor], int, tuple[str, ...]]:
    ranges = pixel_ranges(items)
    maximum = learn_maximum(ranges, name)
    tensors = {part: torch.from_numpy(to_unit_range(a, maximum)) for part, a in items.items()}
    if len({tensor.dtype for tensor in tensors.values()}) > 1:
        tensors = {part: to_float(tensor) for part, tensor in tensors.items()}
    train = ranges["train"]
    return tensors, recorded_maximum(train, maximum), describe_range(train, maximum)
