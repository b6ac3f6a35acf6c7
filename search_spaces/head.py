"""What may vary in a classifier on a trained encoder."""

from typing import Any

import pytorch_lightning as pl
from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.head import HeadClassifier
from .common import any_optimiser


def head(
    trial: BaseTrial, data: DataSpec, *, codec: pl.LightningModule, unfreeze: bool
) -> HeadClassifier:
    """The published widths, and how fast the head learns; the encoder too, if it is trained."""
    encoder = _encoder(trial, unfreeze)
    width = _width(trial)
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    l2 = trial.suggest_float("l2", 1e-9, 1e-3, log=True)
    return HeadClassifier(data, codec, width, lr, unfreeze, l2=l2, **encoder)


def head_optimiser(
    trial: BaseTrial, data: DataSpec, *, codec: pl.LightningModule, unfreeze: bool
) -> HeadClassifier:
    """The optimiser too, with its schedule and the clipping of gradients."""
    encoder = _encoder(trial, unfreeze)
    options = any_optimiser(trial)
    return HeadClassifier(data, codec, _width(trial), unfreeze=unfreeze, **encoder, **options)


def _width(trial: BaseTrial) -> int:
    return trial.suggest_int("lin_dim", 16, 128, log=True)


def _encoder(trial: BaseTrial, unfreeze: bool) -> dict[str, Any]:
    if not unfreeze:
        return {}
    return {"encoder_lr": trial.suggest_float("encoder_lr", 1e-5, 1e-2, log=True)}
