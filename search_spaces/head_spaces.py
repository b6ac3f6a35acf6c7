"""Search spaces of classifiers on a trained encoder."""

from typing import Any

from optuna.trial import BaseTrial
from torch import nn

from ..models.data_spec import DataSpec
from ..models.predictor import Predictor
from .shared_ranges import suggest_optimizer, suggest_published_sgd


def head(trial: BaseTrial, data: DataSpec, *, codec: nn.Module, unfreeze: bool) -> Predictor:
    """Suggests a hidden layer; the learning rate of the encoder too if it is trained."""
    options = _suggest_encoder_lr(trial, unfreeze)
    options["lin_dim"] = _suggest_hidden(trial)
    options["lr"] = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    options["l2"] = trial.suggest_float("l2", 1e-9, 1e-3, log=True)
    return Predictor(data, codec=codec, unfreeze=unfreeze, **options)


def head_optimizer(
    trial: BaseTrial, data: DataSpec, *, codec: nn.Module, unfreeze: bool
) -> Predictor:
    """Suggests the optimizer, its schedule and gradient clipping too."""
    encoder = _suggest_encoder_lr(trial, unfreeze)
    options = suggest_optimizer(trial)
    options |= {"lin_dim": _suggest_hidden(trial), **encoder}
    return Predictor(data, codec=codec, unfreeze=unfreeze, **options)


def transfer(trial: BaseTrial, data: DataSpec, *, codec: nn.Module, unfreeze: bool) -> Predictor:
    """Suggests label smoothing and penalty of one linear layer on the encoder."""
    options = _suggest_encoder_lr(trial, unfreeze)
    options["smoothing"] = trial.suggest_float("smoothing", 0, 0.2)
    options["lr"] = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    options["l2"] = trial.suggest_float("l2", 1e-9, 1e-2, log=True)
    return Predictor(data, codec=codec, unfreeze=unfreeze, **options)


def transfer_published(
    trial: BaseTrial, data: DataSpec, *, codec: nn.Module, unfreeze: bool
) -> Predictor:
    """Suggests SGD with a high momentum for one linear layer."""
    options = _suggest_encoder_lr(trial, unfreeze)
    options |= suggest_published_sgd(trial)
    return Predictor(data, codec=codec, unfreeze=unfreeze, **options)


def transfer_step(
    trial: BaseTrial, data: DataSpec, *, codec: nn.Module, unfreeze: bool
) -> Predictor:
    """Suggests the learning rate of SGD with the schedule `step` for one linear layer."""
    options = _suggest_encoder_lr(trial, unfreeze)
    options["lr"] = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    options |= {"optimizer": "sgd", "schedule": "step"}
    return Predictor(data, codec=codec, unfreeze=unfreeze, **options)


def _suggest_hidden(trial: BaseTrial) -> int:
    return trial.suggest_int("lin_dim", 16, 128, log=True)


def _suggest_encoder_lr(trial: BaseTrial, unfreeze: bool) -> dict[str, Any]:
    if not unfreeze:
        return {}
    return {"encoder_lr": trial.suggest_float("encoder_lr", 1e-5, 1e-2, log=True)}
