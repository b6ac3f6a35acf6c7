"""Linear models as a baseline of predictions."""

from typing import Any

import torch
from torch import Tensor

from ..data.encoded_data import EncodedData
from ..data.tensor_data import TensorData
from ..progress import progress
from .numeric_rows import to_numeric_rows

LINEAR_ACCURACY = "test_accuracy_linear"
"""The name of the accuracy of logistic regression."""
LINEAR_MSE = "test_mse_linear"
"""The name of the error of linear regression."""
MAX_ITEMS = 10_000


def linear_baseline(data: Any) -> dict[str, float]:
    """Returns the test score of logistic or linear regression on a data module of a predictor.

    It is trained on at most 10,000 items, never on codes. Its input of a text is how often each
    letter occurs. Images that do not fit into memory have no such baseline.
    """
    items = data.items if isinstance(data, EncodedData) else data
    if not isinstance(items, TensorData) or items.splits.train.targets is None:
        return {}
    train, test = items.splits.train, items.splits.test
    if not (isinstance(train.inputs, Tensor) and isinstance(test.inputs, Tensor)):
        return {}
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    train = train.take(order[:MAX_ITEMS].tolist())
    train_rows, test_rows = (to_numeric_rows(part.inputs, items.spec) for part in (train, test))
    assert train.targets is not None
    assert test.targets is not None
    is_standardized = items.spec.kind == "table" and items.spec.mean is not None
    if items.spec.target is None:
        classes, test_classes = train.targets.numpy(), test.targets.numpy()
        model = _make_model(len(set(classes)), is_standardized)
        with progress("fitting a linear model"):
            model.fit(train_rows, classes)
        return {LINEAR_ACCURACY: float(model.score(test_rows, test_classes))}
    mean, std = items.spec.target
    numbers, true = ((t.double().numpy() - mean) / std for t in (train.targets, test.targets))
    model = _make_model(0, is_standardized)
    with progress("fitting a linear model"):
        model.fit(train_rows, numbers)
    return {LINEAR_MSE: float(((model.predict(test_rows) - true) ** 2).mean()) * std**2}


def _make_model(classes: int, is_standardized: bool) -> Any:
    """Returns a model of so many classes, or of numbers if there are none."""
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(max_iter=100, tol=1e-2) if classes else RidgeCV()
    if classes == 1:  # all items of a rare class may be in another part
        model = DummyClassifier()
    return model if is_standardized else make_pipeline(StandardScaler(), model)
