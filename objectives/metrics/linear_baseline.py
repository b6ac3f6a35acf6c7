"""What a linear model reaches: the scale beside which an accuracy is read."""

from typing import Any

import torch
from torch import Tensor

from ..data.encoded_data import EncodedData
from ..data.tensor_data import TensorData
from ..progress import progress
from .numeric_rows import to_numeric_rows

LINEAR_ACCURACY = "test_accuracy_linear"
"""What the accuracy of logistic regression is called beside the network's."""
LINEAR_MSE = "test_mse_linear"
"""What the error of linear regression is called beside the network's."""
MOST = 10_000


def linear_baseline(data: Any) -> dict[str, float]:
    """Returns what logistic or linear regression reaches on the test part, on the same input.

    It learns from 10,000 training items at most. Of texts, it sees how often each letter occurs.
    Photographs that do not fit into memory have no such scale.

    Args:
        data: The data module of a predictor: items with their targets, or codes of items.
    """
    items = data.items if isinstance(data, EncodedData) else data
    if not isinstance(items, TensorData) or items.splits.train.targets is None:
        return {}
    train, test = items.splits.train, items.splits.test
    if not (isinstance(train.inputs, Tensor) and isinstance(test.inputs, Tensor)):
        return {}
    train = train.take(_sample_indices(len(train)))
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known, asked = (to_numeric_rows(part.inputs, items.spec) for part in (train, test))
    assert train.targets is not None
    assert test.targets is not None
    model: Any = LogisticRegression(max_iter=100, tol=1e-2)
    if items.spec.target is not None:
        model = RidgeCV()
    elif (
        train.targets.min() == train.targets.max()
    ):  # of a rare class, all items may be in another part
        model = DummyClassifier()
    if items.spec.kind != "table" or items.spec.mean is None:  # else they are standardised
        model = make_pipeline(StandardScaler(), model)
    if items.spec.target is None:
        with progress("fitting a linear model"):
            fitted = model.fit(known, train.targets.numpy())
        return {LINEAR_ACCURACY: float(fitted.score(asked, test.targets.numpy()))}
    mean, std = items.spec.target
    numbers, true = ((t.double().numpy() - mean) / std for t in (train.targets, test.targets))
    with progress("fitting a linear model"):
        fitted = model.fit(known, numbers)
    return {LINEAR_MSE: float(((fitted.predict(asked) - true) ** 2).mean()) * std**2}


def _sample_indices(n: int) -> list[int]:
    return torch.randperm(n, generator=torch.Generator().manual_seed(0))[:MOST].tolist()
