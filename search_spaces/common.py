"""Ranges that several families share, and the type of a search space."""

from collections.abc import Callable
from math import prod
from typing import TypedDict

import pytorch_lightning as pl
from optuna.trial import BaseTrial

from ..models.blocks import Shape

Space = Callable[[BaseTrial, Shape], pl.LightningModule]
"""Builds a model for images of a shape (C, H, W) from what a trial suggests."""


def latent_dim(trial: BaseTrial, input_shape: Shape, most: int = 64) -> int:
    """Suggests the length of a code, up to an eighth of an image's values.

    A search by error alone wants the longest code that it may have, and a longer one compresses
    so little that principal components do as well.
    """
    return trial.suggest_int("latent_dim", 2, max(2, min(most, prod(input_shape) // 8)), log=True)


class RegularisedAdam(TypedDict):
    """Options of a model that is trained by Adam under an L1 and an L2 penalty."""

    lr: float
    l1: float
    l2: float


def regularised_adam(trial: BaseTrial) -> RegularisedAdam:
    """Suggests lr, l1 and l2 over ranges that end where penalties no longer matter."""
    return {
        "lr": trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        "l1": trial.suggest_float("l1", 1e-9, 1e-4, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-4, log=True),
    }


def seed_adam(trial: BaseTrial) -> RegularisedAdam:
    """Suggests lr, l1 and l2 over the published ranges, of which high l1 and low lr are dead."""
    return {
        "lr": trial.suggest_float("lr", 1e-5, 1e-3, log=True),
        "l1": trial.suggest_float("l1", 1e-6, 1e-3, log=True),
        "l2": trial.suggest_float("l2", 1e-6, 1e-3, log=True),
    }
