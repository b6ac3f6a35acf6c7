"""Search spaces of classifiers on a trained encoder. They suggest options of `Predictor`."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from optuna.trial import BaseTrial
from torch import nn

from ..models.autoencoder import Autoencoder
from ..models.data_spec import DataSpec
from ..models.predictor import Predictor
from .shared_ranges import suggest_optimizer, suggest_published_sgd


@dataclass(frozen=True)
class EncoderSpace:
    """A search space of classifiers on a trained encoder.

    Attributes:
        suggest: Takes a trial, and suggests the options of the classifier; it is a function such
            as `head`.
        encoder: Takes a data spec, and returns the trained model that encodes such data.
        unfreeze: Whether the encoder is trained, too. Then its learning rate is also suggested.
    """

    suggest: Callable[[BaseTrial], dict[str, Any]]
    encoder: Callable[[DataSpec], nn.Module]
    unfreeze: bool

    def __call__(self, trial: BaseTrial, data: DataSpec) -> Predictor:
        """Builds a classifier on a copy of the encoder.

        On PyTorch's meta device, which allocates no weights, a small network replaces the encoder.
        """
        is_on_meta = torch.get_default_device().type == "meta"
        codec = Autoencoder(data, network="dense") if is_on_meta else self.encoder(data)
        options: dict[str, Any] = {}
        if self.unfreeze:
            options["encoder_lr"] = trial.suggest_float("encoder_lr", 1e-5, 1e-2, log=True)
        options |= self.suggest(trial)
        return Predictor(data, codec=copy.deepcopy(codec), unfreeze=self.unfreeze, **options)


def head(trial: BaseTrial) -> dict[str, Any]:
    """Suggests a hidden layer, the learning rate and the penalty of the classifier."""
    return {
        "lin_dim": _suggest_hidden(trial),
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-3, log=True),
    }


def head_optimizer(trial: BaseTrial) -> dict[str, Any]:
    """Suggests optimizer, schedule, gradient clipping and a hidden layer of the classifier."""
    return suggest_optimizer(trial) | {"lin_dim": _suggest_hidden(trial)}


def transfer(trial: BaseTrial) -> dict[str, Any]:
    """Suggests label smoothing and penalty of a classifier with one linear layer."""
    return {
        "smoothing": trial.suggest_float("smoothing", 0, 0.2),
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-2, log=True),
    }


def transfer_published(trial: BaseTrial) -> dict[str, Any]:
    """Suggests SGD with a high momentum for a classifier with one linear layer."""
    return suggest_published_sgd(trial)


def transfer_step(trial: BaseTrial) -> dict[str, Any]:
    """Suggests the learning rate of SGD with the schedule `step`, for one linear layer."""
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    return {"lr": lr, "optimizer": "sgd", "schedule": "step"}


def _suggest_hidden(trial: BaseTrial) -> int:
    return trial.suggest_int("lin_dim", 16, 128, log=True)
