"""Other data for a network to look at: a data set of the list, or whatever files a user names."""

import os
from typing import TYPE_CHECKING, Literal

import torch

from ..data_error import DataError
from ..preparation.splits import read_splits
from ..sources.builtin_datasets import DATASETS
from ..sources.source import Source
from .new_arrays import prepare_like_training
from .new_items import NewItems, Preparation
from .read_new_items import read_new_items

if TYPE_CHECKING:
    from ..tensor_data import TensorData

MAX_SAMPLED_ITEMS = 10_000  # of a data set of the list


def read_other_data(
    name: str, data: "TensorData", part: Literal["train", "test"], seed: int = 0
) -> list[NewItems]:
    """Reads items of other data, prepared as those that a network was trained on.

    Args:
        name: A data set of the list, a file or a folder.
        data: What the network was trained on.
        part: The part of a data set of the list; of files and folders all items are read.
        seed: Chooses 10,000 items of a part that has more.

    Raises:
        DataError: If they are missing or broken, are the same data, or do not fit.
    """
    if os.path.realpath(name) == os.path.realpath(data.source.name):
        raise DataError(f"{name} is what the network was trained on: name other data")
    spec = data.spec
    square = spec.kind == "image" and spec.shape[1] == spec.shape[2]
    preparation = Preparation(spec, spec.shape[1] if square else None, data.streamed)
    if name not in DATASETS:
        return read_new_items([name], preparation)
    splits = read_splits(Source(name, data.source.data_dir), data.seed, data.cache)
    whole = getattr(splits, part)
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(seed))
    chosen = sorted(order[:MAX_SAMPLED_ITEMS].tolist())
    items = prepare_like_training(whole.take(chosen).inputs, splits.spec.kind, preparation, name)
    return [NewItems.from_tensor(list(map(str, chosen)), items)]
