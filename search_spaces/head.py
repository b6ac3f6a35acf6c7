"""What may vary in a classifier on a trained encoder."""

import pytorch_lightning as pl
from optuna.trial import BaseTrial

from ..models.blocks import Shape
from ..models.head import HeadClassifier


def head(
    trial: BaseTrial,
    input_shape: Shape,
    *,
    codec: pl.LightningModule,
    classes: int,
    unfreeze: bool,
) -> HeadClassifier:
    """The published widths, and how fast the head learns; the encoder too, if it is trained."""
    encoder = (
        {"encoder_lr": trial.suggest_float("encoder_lr", 1e-5, 1e-2, log=True)} if unfreeze else {}
    )
    return HeadClassifier(
        input_shape,
        codec,
        classes,
        lin_dim=trial.suggest_int("lin_dim", 16, 128, log=True),
        lr=trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        l2=trial.suggest_float("l2", 1e-9, 1e-3, log=True),
        unfreeze=unfreeze,
        **encoder,
    )
