"""Arrays in .npy and .npz files: images or rows of a table, and their labels if any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile, is_zipfile

from ....models.data_spec import DataSpec, Kind
from ..data_error import DataError
from ..input_limits import check_input_file, check_input_size
from ..parts import LoadedDataset, Part, hold_out, is_valid_number, to_float
from .pixel_range import (
    array_pixel_range,
    describe_range,
    learn_maximum,
    recorded_maximum,
    to_unit_range,
)
from .target_encoding import encode_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

INPUT_KEYS = ("x", "images", "inputs", "data", "arr_0")
TARGET_KEYS = ("y", "labels", "targets", "label", "arr_1")
TEST_FRACTION = 0.2
MIN_ITEMS = 10
CHANNELS = (1, 3)


def read_array(path: Path, numbers: bool = False) -> LoadedDataset:
    """Reads an array, of which each row is an item.

    A .npy file holds items alone. A .npz file holds them by a name of `INPUT_KEYS`, with labels by
    one of `TARGET_KEYS` if any; or its parts, such as `x_train`, `y_train` and `x_test`,
    `y_test`. A test part that is missing is a fixed fifth of the rest.

    Args:
        path: A file. Items of one side (N, F) are rows of a table; (N, H, W), (N, C, H, W) and
            (N, H, W, C) are images, of 1 or 3 channels, whose range `learn_maximum` finds.
        numbers: Whether labels are to be numbers; else they are classes, see `encode_targets`.

    Raises:
        DataError: If the file is no array, or holds items of which it is not clear what they are.
    """
    found = _load_arrays(path)
    parts = {part: _part_arrays(found, part, path) for part in ("train", "val", "test")}
    if parts["train"] is None:
        parts["train"] = _part_arrays(found, None, path)
    if parts["train"] is None:
        raise DataError(
            f"{path} holds {', '.join(map(repr, found)) or 'nothing'}, and no array by the name "
            f"of {', '.join(INPUT_KEYS[:-1])} or x_train"
        )
    arrays = {part: pair for part, pair in parts.items() if pair is not None}
    kind, items = _split_by_kind({part: inputs for part, (inputs, _) in arrays.items()}, path)
    if len(items["train"]) < MIN_ITEMS:
        raise DataError(
            f"{path} holds {len(items['train'])} items: at least {MIN_ITEMS} are needed"
        )
    labels = {part: of_part for part, (_, of_part) in arrays.items() if of_part is not None}
    if labels and len(labels) < len(arrays):
        missing = next(part for part in arrays if part not in labels)
        raise DataError(f"{path} has labels, but none for its {missing} part")
    if numbers and not labels:
        raise DataError(f"{path} has no targets to predict as numbers")
    classes, targets = encode_targets(labels, numbers, str(path)) if labels else ((), {})
    maximum, notes = 0, tuple[str, ...]()
    if kind == "image":
        tensors, maximum, notes = _image_tensors(items, path)
    else:
        tensors = {part: to_float64_rows(array, str(path)) for part, array in items.items()}
    read = {part: Part(tensor, targets.get(part)) for part, tensor in tensors.items()}
    if "test" not in read:
        read["train"], read["test"] = hold_out(read["train"], TEST_FRACTION, seed=0)
    shape = tuple(read["train"].inputs.shape[1:])
    spec = DataSpec(shape, kind, classes, pixel_maximum=maximum)
    return LoadedDataset(read["train"], read["test"], spec, read.get("val"), notes)


def read_items(path: Path) -> tuple[Kind, NDArray[Any]]:
    """Reads an array of items alone; labels beside them are left where they are.

    Args:
        path: A .npy file, or an .npz file with an array by a name of `INPUT_KEYS`; see
        `read_array`.

    Returns:
        What an item is, and the values as they are in the file, with shape (N, F) of rows, and
        (N, C, H, W) of images.

    Raises:
        DataError: If the file is no array, or holds items of which it is not clear what they are.
    """
    found = _load_arrays(path)
    whole = _part_arrays(found, None, path)
    if whole is None:
        raise DataError(
            f"{path} holds {', '.join(map(repr, found)) or 'nothing'}, and no array by the name "
            f"of {', '.join(INPUT_KEYS[:-1])}"
        )
    if not len(whole[0]):
        raise DataError(f"{path} holds no items")
    kind, items = _split_by_kind({"x": whole[0]}, path)
    return kind, items["x"]


def _load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    import numpy as np

    try:
        with check_input_file(path, "array").open("rb") as file:
            if is_zipfile(file):
                unpacked = sum(entry.file_size for entry in ZipFile(file).infolist())
                check_input_size(f"{path}, unpacked,", unpacked, "array")
            file.seek(0)
            loaded = np.load(file, allow_pickle=False)
            found = {"x": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
        # A zip may hold anything, and numpy gives what is no array as bytes.
        found = {name: array for name, array in found.items() if isinstance(array, np.ndarray)}
    except DataError:
        raise
    except Exception as error:  # numpy and zip raise a dozen classes for files they cannot read
        if "pickle" in str(error):
            raise DataError(f"{path} holds objects of Python or no array at all") from error
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} is no array that can be read safely: {said}") from error
    return {name.lower(): array for name, array in found.items()}


def _part_arrays(
    found: dict[str, NDArray[Any]], part: str | None, path: Path
) -> tuple[NDArray[Any], NDArray[Any] | None] | None:
    """Returns inputs and targets of a part, or of the whole; None if there are none."""
    end = "" if part is None else f"_{part}"

    def one_of(names: tuple[str, ...]) -> NDArray[Any] | None:
        there = [name + end for name in names if name + end in found]
        if len(there) > 1:
            raise DataError(f"{path} holds {' and '.join(there)}: leave one of them")
        return found[there[0]] if there else None

    inputs, targets = one_of(INPUT_KEYS), one_of(TARGET_KEYS)
    if inputs is None:
        return None
    if targets is not None and targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]  # a column, as many libraries write labels
    if inputs.ndim == 0 or (targets is not None and targets.shape != inputs.shape[:1]):
        raise DataError(
            f"{path} holds {0 if inputs.ndim == 0 else len(inputs)} items, and labels of shape "
            f"{None if targets is None else targets.shape}: a label for each item is needed"
        )
    return inputs, targets


def _split_by_kind(
    arrays: dict[str, NDArray[Any]], path: Path
) -> tuple[Kind, dict[str, NDArray[Any]]]:
    """Returns what the items are, and those of each part, images with their channels first."""
    shapes = {array.shape[1:] for array in arrays.values()}
    if len(shapes) > 1:
        raise DataError(f"{path} holds parts of different shapes: {', '.join(map(str, shapes))}")
    (shape,) = shapes
    of_rows = len(shape) == 1 and shape[0] > 0
    order = None if of_rows else _channels_first(shape, path)
    for array in arrays.values():
        if array.dtype.kind not in "fiub":
            what = "numbers" if of_rows else "pixels"
            raise DataError(f"{path} holds {array.dtype}, which are no {what}")
    if of_rows:
        return "table", arrays
    return "image", {
        part: array[:, None] if order is None else array.transpose(order)
        for part, array in arrays.items()
    }


def _channels_first(shape: tuple[int, ...], path: Path) -> tuple[int, ...] | None:
    """Returns how the sides of items are to be ordered, None if a channel is to be added."""
    if len(shape) == 2 and min(shape) > 0:
        return None
    first, last = (
        len(shape) == 3 and shape[0] in CHANNELS,
        len(shape) == 3 and shape[2] in CHANNELS,
    )
    if not (first or last) or min(shape) < 1:
        raise DataError(
            f"{path} holds items of shape {shape}: rows are (F,), images (H, W), or (C, H, W) or "
            "(H, W, C) with 1 or 3 channels"
        )
    if first and last:
        raise DataError(
            f"{path} holds items of shape {shape}: which side is that of the channels?"
        )
    return (0, 1, 2, 3) if first else (0, 3, 1, 2)


def _image_tensors(
    items: dict[str, NDArray[Any]], path: Path
) -> tuple[dict[str, Tensor], int, tuple[str, ...]]:
    """Returns the images of each part, which number stands for 1, and notes on that."""
    import torch

    extents = {part: array_pixel_range(array) for part, array in items.items() if len(array)}
    maximum = learn_maximum(extents, str(path))
    tensors = {
        part: torch.from_numpy(to_unit_range(array, maximum)) for part, array in items.items()
    }
    if len({tensor.dtype for tensor in tensors.values()}) > 1:
        tensors = {part: to_float(tensor) for part, tensor in tensors.items()}
    known = recorded_maximum(extents["train"], maximum)
    return tensors, known, describe_range(extents["train"], maximum)


def to_float64_rows(array: NDArray[Any], name: str) -> Tensor:
    """Returns rows of numbers as floats, with shape (N, F).

    Raises:
        DataError: If one is not finite as a float of 32 bits.
    """
    import numpy as np
    import torch

    values = np.ascontiguousarray(array, dtype=np.float64)
    if not is_valid_number(values).all():
        raise DataError(
            f"{name} holds values that are not finite, or beyond 1e150: leave out or fill those "
            "rows"
        )
    return torch.from_numpy(values)
