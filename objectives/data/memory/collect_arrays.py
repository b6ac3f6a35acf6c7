"""Collects the items of arrays, data sets of PyTorch and data modules of Lightning as arrays."""

from collections.abc import Callable, Iterable, Sized
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
)

from ...rng import get_rng_state, set_rng_state
from ..data_error import DataError
from ..describe_object import conversion_hint, describe_object

Array = NDArray[Any]

LOADERS = {"train": "train_dataloader", "val": "val_dataloader", "test": "test_dataloader"}
"""The method of a data module that returns the loader of a part."""


def collect_arrays(data: Any) -> dict[str, Array]:
    """Returns data as arrays, with the keys of an .npz file; see `read_array`.

    Args:
        data: An array or tensor `x`, a pair `(x, y)` with a label or several numbers for each
            item, a map-style data set of tensors or of pairs (tensor, label), or a
            LightningDataModule whose batches are tensors or pairs.

    Raises:
        DataError: If `data` is none of these, or its items do not fit together.
    """
    if is_data_module(data):
        return _module_arrays(data)
    if isinstance(data, tuple) and len(data) == 2:
        return {"x": _to_array(data[0], "x"), "y": _to_labels(data[1])}
    if isinstance(data, np.ndarray | Tensor):
        return {"x": _to_array(data, "x")}
    if is_map_style(data):
        items = (data[index] for index in range(len(data)))
        return _with_names(_stack_items(items, len(data)))
    hint = conversion_hint(data) or (
        "give an array, (x, y), a data frame, a data set of PyTorch, a LightningDataModule, or "
        "the name of data"
    )
    raise DataError(f"data is {describe_object(data)}: {hint}")


def is_data_module(data: Any) -> bool:
    """Returns whether an object is a LightningDataModule, of either package of Lightning."""
    return any(base.__name__ == "LightningDataModule" for base in type(data).__mro__)


def is_map_style(data: Any) -> bool:
    """Returns whether an object is a data set whose items have indices."""
    return (
        isinstance(data, Sized)
        and hasattr(type(data), "__getitem__")
        and not hasattr(data, "ndim")  # such as a sparse matrix
        and not isinstance(data, str | bytes | list | tuple | dict | IterableDataset)
    )


def _module_arrays(module: Any) -> dict[str, Array]:
    """Returns the items of each part of a data module, in the order of its data sets.

    Random changes of items are drawn once, with a fixed seed. The module is set up with the same
    seed for each part, so that a random split is the same.
    """
    name, arrays = type(module).__name__, dict[str, Array]()
    state = get_rng_state()
    try:
        module.prepare_data()
        for part, method in LOADERS.items():
            pl.seed_everything(0, verbose=False)
            module.setup("test" if part == "test" else "fit")
            loader = _loader(getattr(module, method, None), f"{name}.{method}()")
            if loader is not None:
                batches = _in_order(loader, f"{name}.{method}()")
                arrays |= _with_names(_concatenate(batches), f"_{part}")
    finally:
        set_rng_state(state)
    if missing := [part for part in ("train", "val") if f"x_{part}" not in arrays]:
        method = LOADERS[missing[0]]
        raise DataError(f"{name} has no loader of its {missing[0]} part: add {method}()")
    return arrays


def _loader(method: Callable[[], Any] | None, name: str) -> Any:
    """Returns the result of a method of a data module; None if the module does not define it."""
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    try:
        loader = None if method is None else method()
    except (MisconfigurationException, NotImplementedError):  # of Lightning's own method
        return None
    if not isinstance(loader, list | tuple | dict):
        return loader
    if loader:
        raise DataError(f"{name} returns {len(loader)} loaders: return one")
    return None


def _in_order(loader: Any, name: str) -> Any:
    """Returns a loader of the same items without shuffling, each of them once.

    Raises:
        DataError: If the sampler does not tell which items belong to the part.
    """
    if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
        return loader
    dataset, sampler = loader.dataset, loader.sampler
    if loader.batch_size is None and loader.batch_sampler is not None:
        sampler = loader.batch_sampler
    if isinstance(sampler, SubsetRandomSampler):
        dataset = Subset(dataset, sorted(sampler.indices))
    elif not isinstance(sampler, SequentialSampler | RandomSampler):
        raise DataError(
            f"{name} has a {type(sampler).__name__}: give its items as a torch.utils.data.Subset"
        )
    return DataLoader(dataset, batch_size=loader.batch_size, collate_fn=loader.collate_fn)


def _concatenate(batches: Iterable[Any]) -> tuple[Array, Array | None]:
    pairs = [_split_item(batch, "a batch") for batch in batches]
    if not pairs:
        raise DataError("a loader of the data module has no batches")
    inputs = np.concatenate([_to_array(x, "a batch") for x, _ in pairs])
    labels = [_to_labels(y) for _, y in pairs if y is not None]
    return inputs, np.concatenate(labels) if labels else None


def _stack_items(items: Iterable[Any], n: int) -> tuple[Array, Array | None]:
    """Returns the inputs of n items as one array, and their labels, if they have any."""
    inputs: Array | None = None
    labels: list[Any] = []
    for index, item in enumerate(items):
        x, y = _split_item(item, f"item {index}")
        values = _to_array(x, f"item {index}")
        if inputs is None:
            inputs = np.empty((n, *values.shape), values.dtype)
        if values.shape != inputs.shape[1:]:
            raise DataError(
                f"item {index} of the data set has shape {values.shape}, and the items before it "
                f"{inputs.shape[1:]}: give all items one shape"
            )
        inputs[index] = values
        if y is not None:
            labels.append(y.detach().cpu().numpy() if isinstance(y, Tensor) else y)
    if inputs is None:
        raise DataError("the data set holds no items")
    if labels and len(labels) < n:
        raise DataError(
            f"{len(labels):,} of {n:,} items of the data set have a label: label all or none"
        )
    return inputs, _to_labels(labels) if labels else None


def _split_item(item: Any, name: str) -> tuple[Any, Any]:
    """Returns the input and the label of an item or a batch; the label may be None."""
    if not isinstance(item, tuple | list):
        return item, None
    if len(item) not in (1, 2):
        raise DataError(f"{name} has {len(item)} values: x or (x, y) is needed")
    return item[0], item[1] if len(item) == 2 else None


def _with_names(pair: tuple[Array, Array | None], suffix: str = "") -> dict[str, Array]:
    inputs, labels = pair
    names = {f"x{suffix}": inputs}
    return names if labels is None else names | {f"y{suffix}": labels}


def _to_array(values: Any, name: str) -> Array:
    """Returns an array or tensor as an array of numbers."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        values = (values.float() if values.dtype == torch.bfloat16 else values).numpy()
    if not isinstance(values, np.ndarray | np.generic) or np.ma.isMaskedArray(values):
        hint = conversion_hint(values) or "convert it by numpy.asarray"
        if hasattr(values, "getbands"):
            hint = "add ToTensor() to its transforms"
        raise DataError(f"{name} is {describe_object(values)}, not an array: {hint}")
    if values.dtype.kind not in "fiub":
        raise DataError(
            f"{name} is an array of {values.dtype} values, which are not numbers: convert it by "
            "astype"
        )
    return np.asarray(values)


def _to_labels(values: Any) -> Array:
    """Returns labels as an array of numbers or texts, with shape (N,) or (N, K)."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    try:
        labels = np.asarray(values)
    except ValueError as error:
        raise DataError("y holds labels of different shapes: give each item as many") from error
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels.flat):
        labels = labels.astype(str)
    if labels.dtype.kind not in "fiubU":
        raise DataError(
            f"y is an array of {labels.dtype} values: give a number or a text for each item"
        )
    return labels
