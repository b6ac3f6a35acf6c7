"""Checks that data has labels or a target, and selects a subset of the labeled items."""

from pathlib import Path

import torch

from ....models.data_spec import Kind
from ..data_error import DataError
from ..sources.column_names import quote_some
from ..sources.column_types import FEATURE_ROLES
from ..tensor_data import BATCH_SIZE, STEPS_PER_EPOCH, TensorData
from .hold_out import split_indices

LABEL_HINTS: dict[Kind, str] = {
    "image": "put each class in a folder of its own",
    "table": "name the column of the classes by `target=`",
    "text": "put each class in a file of its own",
}
"""How a user adds classes to data of each kind."""
MIN_BATCH_SIZE = 8


def require_labels(data: TensorData) -> TensorData:
    """Returns `data`; raises DataError if there are not at least two classes of two items each."""
    check_target_is_known(data)
    if data.splits.train.targets is None or len(data.spec.classes) < 2:
        hint = LABEL_HINTS[data.spec.kind]
        if data.source.only:
            hint = "name more classes by `only=`"
        raise DataError(f"{data.name} has no labels to learn from; {hint}")
    targets = torch.cat([part.targets for part in data.splits[:3] if part.targets is not None])
    single = (targets.bincount() == 1).nonzero().flatten().tolist()
    if single:
        raise DataError(
            f"class {data.spec.classes[single[0]]!r} of {data.name} has 1 item; at least 2 are "
            "needed: add some, or leave it out"
        )
    return data


def check_target_is_known(data: TensorData) -> None:
    """Raises DataError if a file has columns, and it is unknown which one is the target."""
    columns = target_candidates(data)
    if data.splits.train.targets is None and columns:
        raise DataError(
            f"{data.name} has no column that is known to be the target: name it by `target=`, "
            f"such as {quote_some(columns)}; `target=` none searches an autoencoder without one"
        )


def target_candidates(data: TensorData) -> list[str]:
    """Returns the names of the columns that could be the target; the last column comes first."""
    return [one.name for one in reversed(data.spec.columns) if one.role in FEATURE_ROLES]


def format_label_count(count: int | None, data: TensorData) -> str:
    """Returns a number of training labels as text; None means all labels."""
    n, classes = len(data.splits.train), len(data.spec.classes)
    if count is None:
        return f"all {n:,}"
    if not classes <= count < n:
        raise DataError(
            f"{count} labels cannot be chosen: {data.name} has {n:,} training items of {classes} "
            f"classes; choose from {classes} to {n - 1}"
        )
    return f"{count:,}"


def load_label_subset(
    name: str, data_dir: str | Path | None, count: int | None, seed: int
) -> TensorData:
    """Returns data with only `count` training items, or with all of them if `count` is None.

    The validation part and the test part are complete.
    """
    data = TensorData(name, data_dir=data_dir)
    if count is None:
        return data
    train = data.splits.train
    kept, _ = split_indices(train.targets, len(train), 1 - count / len(train), seed)
    batch_size = max(MIN_BATCH_SIZE, min(BATCH_SIZE, count // STEPS_PER_EPOCH))
    data = TensorData(name, data_dir=data_dir, batch_size=batch_size)
    data.splits = data.splits.with_parts(train=train.take(kept))
    return data
