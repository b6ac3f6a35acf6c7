"""Anomalies: what a network draws badly is not what it has learnt to draw."""

from math import inf, prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.data_spec import DataSpec
from ...models.networks.standardize import cast_input, error_scale
from ...models.roles import Reconstructs
from ..data.batches import apply_in_batches
from ..data.preparation.normalization import mean_and_std
from ..data.tensor_data import TensorData

if TYPE_CHECKING:
    from ..data.parts import Items


def anomaly_scores(model: Reconstructs, data: DataSpec, items: "Items") -> Tensor:
    """Returns how badly a network draws items: the L2 norm of each one's reconstruction error.

    Args:
        model: The network, on the CPU and in eval mode.
        data: What it was trained on; errors of a standardised table are in its deviations.
        items: Items, with shape (N, *data.shape).

    Returns:
        The scores, from 0, with shape (N,).

    References:
        Outlier Detection Using Replicator Neural Networks (Hawkins, He, Williams, Baxter, 2002)
    """
    scale = error_scale(data)

    def score(x: Tensor) -> Tensor:
        x = cast_input(model, x)
        error = (model.reconstruct(x) - x) / scale
        return error.flatten(1).square().sum(1).sqrt()

    return apply_in_batches(score, items)


def reconstruction_mse(scores: Tensor, data: DataSpec) -> float:
    """Returns the mean squared error of each value, given scores of items, with shape (N,)."""
    return scores.square().mean().item() / prod(data.shape)


def score_to_mse(score: float, data: DataSpec) -> float:
    """Returns the mean squared error of the values of an item with a score, as `*_mse` has it."""
    return score**2 / prod(data.shape)


def describe_error_unit(data: DataSpec) -> str:
    """Returns what `score_to_mse` is, in words."""
    if data.kind == "image":
        return "mean squared error of a pixel from 0 to 1"
    of = "standard deviations" if data.std is not None else "its own unit"
    return f"mean squared error of a feature, in {of}"


def quantile_threshold(scores: Tensor, quantile: float) -> float:
    """Returns the score that a share of items, from 0 to 1, does not exceed."""
    return float(np.quantile(scores.double().numpy(), quantile))


def separating_threshold(inliers: Tensor, outliers: Tensor) -> float:
    """Returns the score at which logistic regression is undecided; both classes weigh alike.

    It is infinite if the outliers have no larger scores: then none of these would be found.

    Args:
        inliers: Scores of items that are no anomalies, with shape (N,).
        outliers: Scores of known anomalies, with shape (M,).
    """
    from sklearn.linear_model import LogisticRegression

    scores = torch.cat([inliers, outliers]).double()
    mean, std = (moment.item() for moment in mean_and_std([scores[:, None]]))
    truth = np.repeat([0, 1], [len(inliers), len(outliers)])
    rows = ((scores - mean) / std)[:, None].numpy()
    fitted = LogisticRegression(class_weight="balanced").fit(rows, truth)
    slope, start = fitted.coef_.item(), fitted.intercept_.item()
    return inf if slope <= 0 else float(mean - std * start / slope)


def anomaly_threshold_entry(
    model: pl.LightningModule, data: Any, quantile: float
) -> dict[str, dict[str, float]]:
    """Returns what a checkpoint keeps to know anomalies by; nothing if nothing is reconstructed.

    The threshold comes from the validation part: from what the network was not trained on, and
    without a look at the test part.

    Args:
        model: The trained network; it is on the CPU and in eval mode afterwards.
        data: Its data module.
        quantile: Share of the validation part that is no anomaly, from 0 to 1.
    """
    if not (isinstance(model, Reconstructs) and isinstance(data, TensorData)):
        return {}
    model.cpu().eval()
    scores = anomaly_scores(model, data.spec, data.splits.val.inputs)
    threshold = quantile_threshold(scores, quantile)
    return {"anomaly": {"quantile": quantile, "threshold": threshold, "items": len(scores)}}
