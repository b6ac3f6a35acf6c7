"""Principal components as a baseline of reconstruction errors."""

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

PCA_MSE = "test_mse_pca"
"""The name of the error of principal components."""


def fit_pca(rows: Rows, length: int) -> Any:
    """Returns scikit-learn's PCA with at most `length` components, fitted to rows (N, F).

    References:
        On Lines and Planes of Closest Fit to Systems of Points in Space (Pearson, 1901)
    """
    from sklearn.decomposition import PCA

    with progress("fitting principal components"):
        return PCA(min(length, *rows.shape), random_state=0).fit(rows)


def pca_errors(train: Tensor, length: int, data: DataSpec) -> Callable[[Tensor], Rows]:
    """Returns a function that maps items (N, *data.shape) to their errors by PCA, (N, F).

    At most `length` components are fitted to the training items (M, *data.shape).
    """
    pca = fit_pca(to_numeric_rows(train, data), length)

    def errors(items: Tensor) -> Rows:
        rows = to_numeric_rows(items, data)
        found: Rows = pca.inverse_transform(pca.transform(rows)) - rows
        return found

    return errors


def pca_scorer(train: Tensor, length: int, data: DataSpec) -> Callable[[Tensor], Tensor]:
    """Returns a function that scores items by PCA, as `anomaly_scores` does; see `pca_errors`."""
    errors = pca_errors(train, length, data)
    return lambda items: torch.from_numpy(errors(items)).square().sum(1).sqrt()


def pca_mse(train: Tensor, items: Tensor, length: int, data: DataSpec) -> float:
    """Returns the mean squared error of items by PCA; see `pca_errors`."""
    return float((pca_errors(train, length, data)(items) ** 2).mean())


def code_length(model: Encodes, items: Tensor) -> int:
    """Returns the length of a code, given items with shape (N, *shape)."""
    return apply_in_batches(model.encode, items[:1]).flatten(1).shape[1]


def pca_baseline(model: pl.LightningModule, data: Any) -> dict[str, float]:
    """Returns the test error of an autoencoder, and that of as many principal components.

    Both are left out for images that do not fit into memory, which PCA would need at once.
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
    mse = reconstruction_mse(anomaly_scores(model, data.spec, test), data.spec)
    return {"test_mse": mse, PCA_MSE: pca_mse(train, test, length, data.spec)}
