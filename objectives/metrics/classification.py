"""What a trained classifier gets right and wrong on the test part."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import (
    multiclass_calibration_error,
    multiclass_confusion_matrix,
)

from ...models.roles import Predicts

BINS = 15


class Classification(NamedTuple):
    """What a classifier made of the test part.

    Attributes:
        classes: A row for each class: its name, its number of items, and the share of them that
            was recognised.
        confusion: How many items of each class, a row each, were taken for which, (K, K).
        calibration_error: The mean distance between how sure the model is of its answer and how
            often that is right, from 0 to 1, over 15 bins.
    """

    classes: pd.DataFrame
    confusion: NDArray[np.int64]
    calibration_error: float


def classification(model: Predicts, data: Any) -> Classification:
    """Lets a trained classifier answer for the test part.

    Args:
        model: The trained classifier.
        data: Its data module.

    References:
        On Calibration of Modern Neural Networks (Guo, Pleiss, Sun, Weinberger, 2017)
    """
    assert isinstance(model, pl.LightningModule)
    model.cpu().eval()
    data.setup("test")
    with torch.inference_mode():
        pairs = [
            (model.answer(batch[0].cpu()), batch[1].cpu()) for batch in data.test_dataloader()
        ]
    logits, labels = (torch.cat(column) for column in zip(*pairs, strict=True))
    names, k = list(data.spec.classes), len(data.spec.classes)
    counts = multiclass_confusion_matrix(logits, labels, num_classes=k)
    share = counts.diagonal() / counts.sum(1).clamp(min=1)
    calibration = multiclass_calibration_error(logits.softmax(1), labels, k, n_bins=BINS)
    table = pd.DataFrame({"class": names, "items": counts.sum(1), "accuracy": share})
    return Classification(table, counts.numpy(), float(calibration))
