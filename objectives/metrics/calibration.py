"""Temperature scaling: makes the probabilities of a classifier as large as it is often right."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ...models.predictor import Predictor
from ...storage.checkpoint_file import Calibration
from .classification_report import predict_part

PRIOR_DEVIATION = 0.5
"""Standard deviation of the prior of the temperature's logarithm, whose mean is 0."""
MAX_LOG_TEMPERATURE = 3.0


def calibrate(model: Any, data: Any) -> Calibration | None:
    """Sets the temperature of a classifier by the validation part of a data module.

    Returns:
        The temperature; None if the model is no `Predictor` of classes, or the part is empty.
    """
    if not isinstance(model, Predictor) or not data.spec.classes:
        return None
    model.temperature = 1.0
    logits, labels = predict_part(model, data, "val")
    if not len(labels):
        return None
    model.temperature = fit_temperature(logits, labels)
    return Calibration(temperature=model.temperature, items=len(labels))


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Returns the number by which logits (N, K) are divided, from 0.05 to 20.

    It maximizes the probability of the labels (N,) times that of a log-normal prior. Without the
    prior, a few items that are all predicted right would make every probability 1.

    References:
        On Calibration of Modern Neural Networks (Guo, Pleiss, Sun, Weinberger, 2017)
    """
    from scipy.optimize import minimize_scalar

    logits = logits.double()

    def cost(log_temperature: float) -> float:
        loss = cross_entropy(logits / np.exp(log_temperature), labels, reduction="sum")
        return float(loss) + (log_temperature / PRIOR_DEVIATION) ** 2 / 2

    with torch.inference_mode():
        ends = -MAX_LOG_TEMPERATURE, MAX_LOG_TEMPERATURE
        found = minimize_scalar(cost, bounds=ends, method="bounded")
    return float(np.exp(found.x))
