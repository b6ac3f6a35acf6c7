"""Baselines: PCA to compare reconstructions with, linear models to compare predictions with."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...models.data_spec import DataSpec, Kind
from ...models.networks.standardize import standardize_input
from ...models.pixels import to_float
from ...models.roles import Encodes, Reconstructs
from ..data.batches import apply_in_batches
from ..data.encoded_data import EncodedData
from ..data.tensor_data import TensorData
from ..progress import progress
from .anomaly_scores import anomaly_scores, mse_of_scores
from .baseline_names import LINEAR_ACCURACY, LINEAR_MSE, PCA_MSE

Rows = NDArray[np.floating[Any]]

NUMBERS: dict[Kind, str] = {"image": "pixels", "table": "features", "text": "letters"}
"""What the numbers in a row of `to_numeric_rows` are."""
PCA = "pca"
"""Name of principal components among features."""
MAX_TRAINING_ITEMS = 10_000


def to_numeric_rows(items: Any, data: DataSpec) -> Rows:
    """Returns items (N, *data.shape) as rows of numbers (N, F).

    A row of an image holds its pixel values. A row of a table holds its features, which are
    standardized if networks standardize them. A row of a text holds how often each letter occurs.
    """
    if data.kind == "text":
        counts = torch.zeros(len(items), len(data.letters) + 1)
        ones = torch.ones(items.shape)
        letters: Rows = counts.scatter_add_(1, items, ones).numpy()[:, 1:]  # 0 is padding
        return letters
    if data.kind == "table":
        rows: Rows = nn.Sequential(*standardize_input(data))(items).double().numpy()
        return rows
    return to_float(items).flatten(1).numpy()


def fit_pca(rows: Rows, length: int) -> Any:
    """Returns scikit-learn's PCA with at most `length` components, fitted to rows (N, F).

    References:
        On Lines and Planes of Closest Fit to Systems of Points in Space (Pearson, 1901)
    """
    from sklearn.decomposition import PCA

    with progress("fitting principal components"):
        return PCA(min(length, *rows.shape), random_state=0).fit(rows)


def baseline_features(data: TensorData, length: int) -> dict[str, tuple[Rows, Rows]]:
    """Returns the features that latent codes are compared with: principal components, raw items.

    Each kind has rows of the training part and of the test part. There are at most `length`
    components, fitted to the training part. The dict is empty if the items are not in memory.
    """
    inputs = [part.inputs for part in (data.splits.train, data.splits.test)]
    rows = [to_numeric_rows(x, data.spec) for x in inputs if isinstance(x, Tensor)]
    if len(rows) < len(inputs):
        return {}
    train, test = rows
    pca = fit_pca(train, length)
    components = pca.transform(train), pca.transform(test)
    return {PCA: components, NUMBERS[data.spec.kind]: (train, test)}


def pca_errors(train: Tensor, length: int, data: DataSpec) -> Callable[[Tensor], Rows]:
    """Returns a function that maps items (N, *data.shape) to their reconstruction errors (N, F).

    The items are reconstructed by PCA with at most `length` components, fitted to the training
    items `train` (M, *data.shape).
    """
    pca = fit_pca(to_numeric_rows(train, data), length)

    def errors(items: Tensor) -> Rows:
        rows = to_numeric_rows(items, data)
        found: Rows = pca.inverse_transform(pca.transform(rows)) - rows
        return found

    return errors


def pca_scorer(train: Tensor, length: int, data: DataSpec) -> Callable[[Tensor], Tensor]:
    """Returns a function that returns the anomaly scores of items, reconstructed by PCA.

    See `pca_errors` for the arguments.
    """
    errors = pca_errors(train, length, data)
    return lambda items: torch.from_numpy(errors(items)).square().sum(1).sqrt()


def pca_mse(train: Tensor, items: Tensor, length: int, data: DataSpec) -> float:
    """Returns the mean squared error of items that are reconstructed by PCA.

    See `pca_errors` for the other arguments.
    """
    return float((pca_errors(train, length, data)(items) ** 2).mean())


def code_length(model: Encodes, items: Tensor) -> int:
    """Returns the length of a model's latent code of an item; `items` has shape (N, *shape)."""
    return apply_in_batches(model.encode, items[:1]).flatten(1).shape[1]


def pca_baseline(model: pl.LightningModule, data: Any) -> dict[str, float]:
    """Returns the test errors of an autoencoder and of PCA.

    PCA has as many components as the latent code is long. The result is empty if the images do not
    fit into memory, because PCA needs all of them, or if the model does not reconstruct.
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
    mse = mse_of_scores(anomaly_scores(model, data.spec, test), data.spec)
    return {"test_mse": mse, PCA_MSE: pca_mse(train, test, length, data.spec)}


def linear_baseline(data: Any) -> dict[str, float]:
    """Returns the test score of a linear model on a predictor's data, by the name of the score.

    The model is logistic or linear regression. It is trained on at most 10,000 items, never on
    latent codes. For a text, its input is how often each letter occurs. The result is empty if
    images do not fit into memory.
    """
    items = data.items if isinstance(data, EncodedData) else data
    if not isinstance(items, TensorData) or items.splits.train.targets is None:
        return {}
    train, test = items.splits.train, items.splits.test
    if not (isinstance(train.inputs, Tensor) and isinstance(test.inputs, Tensor)):
        return {}
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    train = train.take(order[:MAX_TRAINING_ITEMS].tolist())
    train_rows, test_rows = (to_numeric_rows(part.inputs, items.spec) for part in (train, test))
    assert train.targets is not None
    assert test.targets is not None
    targets, true = train.targets.numpy(), test.targets.numpy()
    if items.spec.target is not None:
        mean, std = np.reshape(items.spec.target, (2, -1)).squeeze()
        targets, true = ((t.astype(np.float64) - mean) / std for t in (targets, true))
    classes = 0 if items.spec.target else len(set(targets))
    is_standardized = items.spec.kind == "table" and items.spec.mean is not None
    model = _make_linear_model(classes, is_standardized)
    with progress("fitting a linear model"):
        model.fit(train_rows, targets)
    if items.spec.target is None:
        return {LINEAR_ACCURACY: float(model.score(test_rows, true))}
    unit = std**2 if items.spec.n_targets == 1 else 1.0
    return {LINEAR_MSE: float(((model.predict(test_rows) - true) ** 2).mean()) * unit}


def _make_linear_model(classes: int, is_standardized: bool) -> Any:
    """Returns a linear classifier, or a linear regressor if `classes` is 0."""
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(max_iter=100, tol=1e-2) if classes else RidgeCV()
    if classes == 1:  # all items of a rare class may be in another part
        model = DummyClassifier()
    return model if is_standardized else make_pipeline(StandardScaler(), model)
