"""What a trained classifier gets right and wrong on the test part."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
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
from .predict_test_set import predict_test_set

BINS = 15


class ClassificationReport(NamedTuple):
    """What a classifier made of the test part.

    Attributes:
        classes: A row for each class: its name, its number of items, the share of them that was
            recognised, and the average precision with which it is told from the others; both
            NaN if it has no items.
        confusion: How many items of each class, a row each, were taken for which, (K, K).
        curves: Recall, from 0 to 1, and precision of each class that has items, told from all
            others, (M, 2): a point for each probability from which on it is said to be the class.
        reliability: A row for each of 15 equal ranges of the highest probability of an item: its
            mean, the share of items that it was right for, and their number.
        calibration_error: The mean distance between how sure the model is of its answer and how
            often that is right, from 0 to 1, over these ranges.
    """

    classes: pd.DataFrame
    confusion: NDArray[np.int64]
    curves: dict[str, NDArray[np.float32]]
    reliability: pd.DataFrame
    calibration_error: float


def classification(model: Predicts, data: Any) -> ClassificationReport:
    """Lets a trained classifier answer for the test part.

    Args:
        model: The trained classifier.
        data: Its data module.

    References:
        On Calibration of Modern Neural Networks (Guo, Pleiss, Sun, Weinberger, 2017)
        The Relationship Between Precision-Recall and ROC Curves (Davis, Goadrich, 2006)
    """
    logits, labels = predict_test_set(model, data)
    names, k = list(data.spec.classes), len(data.spec.classes)
    counts = multiclass_confusion_matrix(logits, labels, num_classes=k)
    share = counts.diagonal() / counts.sum(1)  # NaN of a class without items
    probabilities = logits.softmax(1)
    curves, precision = {}, [float("nan")] * k
    for number in sorted(set(labels.tolist())):
        probability, is_it = probabilities[:, number], (labels == number).long()
        found, recalled, _ = binary_precision_recall_curve(probability, is_it)
        curves[names[number]] = torch.stack([recalled, found], 1).flip(0).numpy()
        precision[number] = binary_average_precision(probability, is_it).item()
    columns = {"class": names, "items": counts.sum(1), "accuracy": share}
    return ClassificationReport(
        pd.DataFrame(columns | {"average_precision": precision}),
        counts.numpy(),
        curves,
        _reliability(probabilities, labels),
        float(multiclass_calibration_error(probabilities, labels, k, n_bins=BINS)),
    )


def _reliability(probabilities: Tensor, labels: Tensor) -> pd.DataFrame:
    confidence, answer = probabilities.max(1)
    right = (answer == labels).numpy()
    items = pd.DataFrame({"chance": confidence.numpy(), "right": right, "items": 1})
    bins = (items["chance"] * BINS).clip(upper=BINS - 1).astype(int)
    return items.groupby(bins).agg({"chance": "mean", "right": "mean", "items": "sum"})
