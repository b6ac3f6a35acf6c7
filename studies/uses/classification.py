"""What a trained classifier gets right and wrong on the test part."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch
from torchmetrics.functional.classification import (
    multiclass_calibration_error,
    multiclass_confusion_matrix,
)

from ...models.roles import Classifies
from ...storage.pictures import confusion

BINS = 15


def classification_report(model: Classifies, data: Any, folder: Path) -> dict[str, Any]:
    """Writes `classes.csv` and a heatmap of the confusion matrix, `confusion.png`.

    Args:
        model: The trained classifier.
        data: Its data module.
        folder: Where the files go.

    Returns:
        `class_accuracy`, the share of each class that is recognised, by its name, and
        `test_calibration_error`, the mean distance between how sure the model is of its answer
        and how often that is right, from 0 to 1, over 15 bins.

    References:
        On Calibration of Modern Neural Networks (Guo, Pleiss, Sun, Weinberger, 2017)
    """
    assert isinstance(model, pl.LightningModule)
    model.cpu().eval()
    data.setup("test")
    with torch.inference_mode():
        pairs = [
            (model.logits(batch[0].cpu()), batch[1].cpu()) for batch in data.test_dataloader()
        ]
    logits, labels = (torch.cat(column) for column in zip(*pairs, strict=True))
    names, k = list(data.spec.classes), len(data.spec.classes)
    counts = multiclass_confusion_matrix(logits, labels, num_classes=k)
    share = counts.diagonal() / counts.sum(1).clamp(min=1)
    calibration = multiclass_calibration_error(logits.softmax(1), labels, k, n_bins=BINS)
    table = pd.DataFrame({"class": names, "images": counts.sum(1), "accuracy": share})
    table.to_csv(folder / "classes.csv", index=False)
    accuracy = float(counts.diagonal().sum() / counts.sum())
    confusion(counts.numpy(), names, f"Test accuracy {accuracy:.3f}", folder / "confusion.png")
    return {
        "test_calibration_error": float(calibration),
        "class_accuracy": dict(zip(names, share.tolist(), strict=True)),
    }
