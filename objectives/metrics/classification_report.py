"""Predictions for the test part, and a report on how good a classifier's predictions are."""

from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.functional.classification import (
    binary_average_precision,
    binary_precision_recall_curve,
    multiclass_calibration_error,
    multiclass_confusion_matrix,
)

from ...models.roles import Predicts

N_CALIBRATION_BINS = 15


class ClassificationReport(NamedTuple):
    """How well a classifier predicts the test part.

    Attributes:
        classes: One row for each class: its name, its number of items, its recall, and its average
            precision against all other classes. Recall and precision of a class without items are
            NaN.
        confusion: Confusion matrix (K, K): the number of items of each true class (rows) and
            predicted class (columns).
        curves: The precision-recall curve of each class that has items, against all other classes.
            A curve has shape (M, 2), with recall and precision, from 0 to 1, for each threshold of
            the probability.
        reliability: One row for each of 15 equal bins of the probability of the predicted class:
            the mean probability, the accuracy, and the number of items.
        calibration_error: Mean absolute difference between probability and accuracy over these
            bins, weighted by their numbers of items, from 0 to 1.
        uncalibrated_error: The same of the logits before they are divided by the temperature of
            the model.
    """

    classes: pd.DataFrame
    confusion: NDArray[np.int64]
    curves: dict[str, NDArray[np.float32]]
    reliability: pd.DataFrame
    calibration_error: float
    uncalibrated_error: float


def classification_report(model: Predicts, data: Any) -> ClassificationReport:
    """Returns a report on a trained classifier's predictions for the test part of a data module.

    References:
        On Calibration of Modern Neural Networks (Guo, Pleiss, Sun, Weinberger, 2017)
        The Relationship Between Precision-Recall and ROC Curves (Davis, Goadrich, 2006)
    """
    logits, labels = predict_part(model, data, "test")
    names, k = list(data.spec.classes), len(data.spec.classes)
    counts = multiclass_confusion_matrix(logits, labels, num_classes=k)
    accuracy = counts.diagonal() / counts.sum(1)  # NaN for a class without items
    probabilities = logits.softmax(1)
    curves, average_precision = {}, [float("nan")] * k
    for number in sorted(set(labels.tolist())):
        probability, is_class = probabilities[:, number], (labels == number).long()
        precision, recall, _ = binary_precision_recall_curve(probability, is_class)
        curves[names[number]] = torch.stack([recall, precision], 1).flip(0).numpy()
        average_precision[number] = binary_average_precision(probability, is_class).item()
    columns = {"class": names, "items": counts.sum(1), "accuracy": accuracy}
    return ClassificationReport(
        pd.DataFrame(columns | {"average_precision": average_precision}),
        counts.numpy(),
        curves,
        _reliability_table(probabilities, labels),
        _calibration_error(logits, labels),
        _calibration_error(logits * getattr(model, "temperature", 1.0), labels),
    )


def _calibration_error(logits: Tensor, labels: Tensor) -> float:
    probabilities, k = logits.softmax(1), logits.shape[1]
    found = multiclass_calibration_error(probabilities, labels, k, n_bins=N_CALIBRATION_BINS)
    return float(found)


def _reliability_table(probabilities: Tensor, labels: Tensor) -> pd.DataFrame:
    confidence, predicted = probabilities.max(1)
    right = (predicted == labels).numpy()
    items = pd.DataFrame({"chance": confidence.numpy(), "right": right, "items": 1})
    bins = (items["chance"] * N_CALIBRATION_BINS).clip(upper=N_CALIBRATION_BINS - 1).astype(int)
    return items.groupby(bins).agg({"chance": "mean", "right": "mean", "items": "sum"})


def predict_part(
    model: Predicts, data: Any, part: Literal["val", "test"]
) -> tuple[Tensor, Tensor]:
    """Returns predictions for a part of the data, and its targets (N,) or (N, targets).

    The predictions are logits (N, classes) or numbers (N, targets). The model is moved to the CPU
    and set to eval mode.
    """
    assert isinstance(model, pl.LightningModule)
    model.cpu().eval()
    data.setup("fit" if part == "val" else part)
    loader = data.val_dataloader() if part == "val" else data.test_dataloader()
    with torch.inference_mode():
        pairs = [(model.predict_batch(batch[0].cpu()), batch[1].cpu()) for batch in loader]
    predictions, targets = (torch.cat(column) for column in zip(*pairs, strict=True))
    return predictions, targets
