"""What principal components reach: the scale beside which a reconstruction error is read."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.data_spec import DataSpec
from ...models.roles import Encodes, Reconstructs
from ..data.batches import apply_in_batches
from ..data.tensor_data import TensorData
from ..progress import progress
from .anomaly_scores import anomaly_scores, reconstruction_mse
from .numeric_rows import Rows, to_numeric_rows

PCA = "test_mse_pca"
"""What the error of principal components is called beside the network's."""


def components(rows: Rows, length: int) -> Any:
    """Fits principal components, as scikit-learn has them.

    Args:
        rows: What they are fitted to, with shape (N, F).
        length: How many; fewer if there are not as many rows or numbers in them.

    References:
        On Lines and Planes of Closest Fit to Systems of Points in Space (Pearson, 1901)
    """
    from sklearn.decomposition import PCA

    with progress("fitting principal components"):
        return PCA(min(length, *rows.shape), random_state=0).fit(rows)


def pca_mse(train: Tensor, items: Tensor, length: int, data: DataSpec) -> float:
    """Returns the mean squared error of items drawn from their first principal components.

    Args:
        train: Items that the components are fitted to, with shape (N, *data.shape).
        items: Items that are scored, with shape (M, *data.shape).
        length: Number of components; fewer if there are not as many items or values.
        data: What they are.
    """
    fitted, scored = (to_numeric_rows(x, data) for x in (train, items))
    plane = components(fitted, length)
    drawn = plane.inverse_transform(plane.transform(scored))
    return float(((drawn - scored) ** 2).mean())


def pca_scorer(train: Tensor, length: int, data: DataSpec) -> Callable[[Tensor], Tensor]:
    """Returns what scores items by their first principal components, as `anomaly_scores` does.

    Args:
        train: Items that the components are fitted to, with shape (N, *data.shape).
        length: Number of components; fewer if there are not as many items or values.
        data: What they are.
    """
    plane = components(to_numeric_rows(train, data), length)

    def score(items: Tensor) -> Tensor:
        rows = to_numeric_rows(items, data)
        drawn = plane.inverse_transform(plane.transform(rows))
        return torch.from_numpy(drawn - rows).square().sum(1).sqrt()

    return score


def code_length(model: Encodes, items: Tensor) -> int:
    """Returns of how many numbers a code is, given items with shape (N, *shape)."""
    return apply_in_batches(model.encode, items[:1]).flatten(1).shape[1]


def pca_baseline(model: pl.LightningModule, data: Any) -> dict[str, float]:
    """Returns the test error of an autoencoder, and that of as many principal components.

    Both are left out for photographs too large for memory, which components would need whole.
    """
    if not (
        isinstance(data, TensorData)
        and isinstance(model, Encodes)
        and isinstance(model, Reconstructs)
    ):
        return {}
    train, test = data.splits.train.inputs, data.splits.test.inputs
    if not (isinstance(train, Tensor) and isinstance(test, Tensor)):
        return {}
    model.cpu().eval()
    length = code_length(model, test)
    own = reconstruction_mse(anomaly_scores(model, data.spec, test), data.spec)
    return {"test_mse": own, PCA: pca_mse(train, test, length, data.spec)}
