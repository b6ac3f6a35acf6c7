"""Predictions for the test part, and a report on the predictions of a classifier."""

from typing import Any, NamedTuple

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

BINS = 15


class ClassificationReport(NamedTuple):
    """The results of a classifier on the test part.

    Attributes:
        classes: A row for each class: its name, its number of items, the share of them that was
            recognized, and its average precision against all other classes; both are NaN for a
            class without items.
        confusion: How many items of each class (rows) were predicted as which (columns), (K, K).
        curves: Recall and precision, from 0 to 1, of each class that has items against all
            others, with shape (M, 2), one row per threshold of the probability.
        reliability: A row for each of 15 equal bins of the highest probability of an item: its
            mean, the share of items that were predicted right, and their number.
        calibration_error: Mean distance between predicted probability and accuracy over these
            bins, from 0 to 1.
    """

    classes: pd.DataFrame
    confusion: NDArray[np.int64]
    curves: dict[str, NDArray[np.float32]]
    reliability: pd.DataFrame
    calibration_error: float


def classification_report(model: Predicts, data: Any) -> ClassificationReport:
    """Returns the results of a trained classifier on the test part of its data module.

    References:
        On Calibration of Modern Neural Networks (Guo, Pleiss, Sun, Weinberger, 2017)
        The Relationship Between Precision-Recall and ROC Curves (Davis, Goadrich, 2006)
    """
    logits, labels = predict_test_set(model, data)
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
        _reliability(probabilities, labels),
        float(multiclass_calibration_error(probabilities, labels, k, n_bins=BINS)),
    )


def _reliability(probabilities: Tensor, labels: Tensor) -> pd.DataFrame:
    confidence, predicted = probabilities.max(1)
    right = (predicted == labels).numpy()
    items = pd.DataFrame({"chance": confidence.numpy(), "right": right, "items": 1})
    bins = (items["chance"] * BINS).clip(upper=BINS - 1).astype(int)
    return items.groupby(bins).agg({"chance": "mean", "right": "mean", "items": "sum"})


def predict_test_set(model: Predicts, data: Any) -> tuple[Tensor, Tensor]:
    """Returns the logits (N, classes) or numbers (N, 1) and the targets (N,) of the test part.

    The model is left on the CPU and in eval mode.
    """
    assert isinstance(model, pl.LightningModule)
    model.cpu().eval()
    data.setup("test")
    with torch.inference_mode():
        pairs = [
            (model.predict_batch(batch[0].cpu()), batch[1].cpu())
            for batch in data.test_dataloader()
        ]
    predictions, targets = (torch.cat(column) for column in zip(*pairs, strict=True))
    return predictions, targets
