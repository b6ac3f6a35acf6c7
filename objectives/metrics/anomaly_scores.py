"""Anomaly scores: the reconstruction error of an item, and thresholds of it."""

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
    """Returns the L2 norm of the reconstruction error of each item, with shape (N,).

    Errors of a standardized table are in deviations. The model is on the CPU and in eval mode.

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
    """Returns the mean squared error over items and values, given anomaly scores (N,)."""
    return scores.square().mean().item() / prod(data.shape)


def score_to_mse(score: float, data: DataSpec) -> float:
    """Returns the mean squared error of an item in the unit of `*_mse`, given its score."""
    return score**2 / prod(data.shape)


def describe_error_unit(data: DataSpec) -> str:
    """Returns the unit of `score_to_mse` as text."""
    if data.kind == "image":
        return "mean squared error of a pixel from 0 to 1"
    of = "standard deviations" if data.std is not None else "its own unit"
    return f"mean squared error of a feature, in {of}"


def quantile_threshold(scores: Tensor, quantile: float) -> float:
    """Returns the score that a share of items, from 0 to 1, does not exceed."""
    return float(np.quantile(scores.double().numpy(), quantile))


def separating_threshold(inliers: Tensor, outliers: Tensor) -> float:
    """Returns the score at which logistic regression is undecided, with equal class weights.

    It is infinite if the known anomalies (M,) do not have larger scores than normal items (N,).
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
    """Returns the threshold for anomalies, or None if the model cannot reconstruct.

    The threshold is a quantile, from 0 to 1, of the scores of the validation part: the network was
    not trained on it, and the test part stays unseen. The model is left on the CPU and in eval
    mode.
    """
    if not (isinstance(model, Reconstructs) and isinstance(data, TensorData)):
        return None
    model.cpu().eval()
    scores = anomaly_scores(model, data.spec, data.splits.val.inputs)
    threshold = quantile_threshold(scores, quantile)
    return AnomalyThreshold(quantile=quantile, threshold=threshold, items=len(scores))
