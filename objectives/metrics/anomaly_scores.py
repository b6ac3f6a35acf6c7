"""Anomaly scores, which are reconstruction errors, and thresholds of these scores.

An item is an anomaly if its score is above the threshold.
"""

from math import inf, prod
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.data_spec import DataSpec
from ...models.networks.standardize import cast_input, error_scale
from ...models.roles import Reconstructs
from ...storage.checkpoint_file import AnomalyThreshold
from ..data.batches import apply_in_batches
from ..data.parts import Items
from ..data.preparation.normalization import mean_and_std
from ..data.tensor_data import TensorData


def anomaly_scores(model: Reconstructs, data: DataSpec, items: "Items") -> Tensor:
    """Returns the anomaly score of each item, with shape (N,).

    The score is the L2 norm of the reconstruction error. For a standardized table, errors are in
    standard deviations. The model must be on the CPU and in eval mode.

    References:
        Outlier Detection Using Replicator Neural Networks (Hawkins, He, Williams, Baxter, 2002)
    """
    scale = error_scale(data)

    def score(x: Tensor) -> Tensor:
        x = cast_input(model, x)
        error = (model.reconstruct(x) - x) / scale
        return error.flatten(1).square().sum(1).sqrt()

    return apply_in_batches(score, items)


def mse_of_scores(scores: Tensor, data: DataSpec) -> float:
    """Returns the mean squared error over all values of all items, given anomaly scores (N,)."""
    return scores.square().mean().item() / prod(data.shape)


def score_to_mse(score: float, data: DataSpec) -> float:
    """Returns the mean squared error of an item, given its anomaly score.

    The result has the same unit as the logged `*_mse`.
    """
    return score**2 / prod(data.shape)


def describe_error_unit(data: DataSpec) -> str:
    """Returns the unit of the result of `score_to_mse` as text."""
    if data.kind == "image":
        return "mean squared error of a pixel from 0 to 1"
    of = "standard deviations" if data.std is not None else "its own unit"
    return f"mean squared error of a feature, in {of}"


def quantile_threshold(scores: Tensor, quantile: float) -> float:
    """Returns a quantile of scores: a share `quantile` of the scores is at most this value."""
    return float(np.quantile(scores.double().numpy(), quantile))


def separating_threshold(inliers: Tensor, outliers: Tensor) -> float:
    """Returns the score that separates normal items (N,) from known anomalies (M,).

    At this score, a logistic regression with equal class weights gives both classes the
    probability 0.5. The result is infinite if the anomalies do not tend to have larger scores.
    """
    from sklearn.linear_model import LogisticRegression

    scores = torch.cat([inliers, outliers]).double()
    mean, std = (moment.item() for moment in mean_and_std([scores[:, None]]))
    labels = np.repeat([0, 1], [len(inliers), len(outliers)])
    rows = ((scores - mean) / std)[:, None].numpy()
    fitted = LogisticRegression(class_weight="balanced").fit(rows, labels)
    slope, intercept = fitted.coef_.item(), fitted.intercept_.item()
    return inf if slope <= 0 else float(mean - std * intercept / slope)


def fit_anomaly_threshold(
    model: pl.LightningModule, data: Any, quantile: float
) -> AnomalyThreshold | None:
    """Returns the anomaly threshold of a model, or None if the model cannot reconstruct.

    The threshold is a quantile, from 0 to 1, of the scores of the validation part. The model was
    not trained on this part, and the test part stays unseen. The model is moved to the CPU and set
    to eval mode.
    """
    if not (isinstance(model, Reconstructs) and isinstance(data, TensorData)):
        return None
    model.cpu().eval()
    scores = anomaly_scores(model, data.spec, data.splits.val.inputs)
    threshold = quantile_threshold(scores, quantile)
    return AnomalyThreshold(quantile=quantile, threshold=threshold, items=len(scores))
