"""Whether data have labels that something can be learned from."""

import torch

from ....models.data_spec import Kind
from ..data_error import DataError
from ..sources.column_names import quote_some
from ..sources.column_types import FEATURE_ROLES
from ..tensor_data import TensorData

LABEL_HINTS: dict[Kind, str] = {
    "image": "put each class in a folder of its own",
    "table": "name the column of the classes by `target=`",
    "text": "put each class in a file of its own",
}
"""How people give data of each kind classes."""


def require_labels(data: TensorData) -> TensorData:
    """Returns data that have labels of two classes at least, and of two items of each.

    Raises:
        DataError: If they have none, or a class has a single item.
    """
    check_target_is_known(data)
    if data.splits.train.targets is None or len(data.spec.classes) < 2:
        raise DataError(f"{data.name} has no labels to learn from; {LABEL_HINTS[data.spec.kind]}")
    of_parts = [part.targets for part in data.splits[:3] if part.targets is not None]
    single = (torch.cat(of_parts).bincount() == 1).nonzero().flatten().tolist()
    if single:
        raise DataError(
            f"class {data.spec.classes[single[0]]!r} of {data.name} has 1 item; at least 2 are "
            "needed: add some, or leave it out"
        )
    return data


def check_target_is_known(data: TensorData) -> None:
    """Raises DataError, which names columns, if no column of a file is known to be the target."""
    columns = target_candidates(data)
    if data.splits.train.targets is None and columns:
        raise DataError(
            f"{data.name} has no column that is known to be the target: name it by `target=`, "
            f"such as {quote_some(columns)}; `target=` none searches an autoencoder without one"
        )


def target_candidates(data: TensorData) -> list[str]:
    """Returns the columns of a table that could be predicted, the last one first."""
    return [one.name for one in reversed(data.spec.columns) if one.role in FEATURE_ROLES]
