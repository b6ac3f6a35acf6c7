"""Predictions of a trained predictor for the test part."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.roles import Predicts


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
