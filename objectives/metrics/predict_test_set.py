"""What a trained predictor answers to the test part."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from ...models.roles import Predicts


def predict_test_set(model: Predicts, data: Any) -> tuple[Tensor, Tensor]:
    """Lets a trained predictor answer for the test part.

    Args:
        model: The trained predictor; it is on the CPU and in eval mode afterwards.
        data: Its data module.

    Returns:
        Logits, with shape (N, classes), or numbers, with shape (N, 1); and targets, (N,).
    """
    assert isinstance(model, pl.LightningModule)
    model.cpu().eval()
    data.setup("test")
    with torch.inference_mode():
        pairs = [
            (model.answer(batch[0].cpu()), batch[1].cpu()) for batch in data.test_dataloader()
        ]
    answers, targets = (torch.cat(column) for column in zip(*pairs, strict=True))
    return answers, targets
