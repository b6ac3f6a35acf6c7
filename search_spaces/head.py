"""What may vary in a classifier on a trained encoder."""

from typing import Any

from optuna.trial import BaseTrial
from torch import nn

from ..models.data_spec import DataSpec
from ..models.predictor import Predictor
from .shared_ranges import suggest_optimizer, suggest_published_sgd


def head(trial: BaseTrial, data: DataSpec, *, codec: nn.Module, unfreeze: bool) -> Predictor:
    """The published widths, and how fast the head learns; the encoder too, if it is trained."""
    encoder = _encoder(trial, unfreeze)
    width = _width(trial)
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    l2 = trial.suggest_float("l2", 1e-9, 1e-3, log=True)
    return Predictor(data, codec=codec, unfreeze=unfreeze, lin_dim=width, lr=lr, l2=l2, **encoder)


def head_optimiser(
    trial: BaseTrial, data: DataSpec, *, codec: nn.Module, unfreeze: bool
) -> Predictor:
    """The optimiser too, with its schedule and the clipping of gradients."""
    encoder = _encoder(trial, unfreeze)
    options: dict[str, Any] = dict(suggest_optimizer(trial))
    options |= {"lin_dim": _width(trial), **encoder}
    return Predictor(data, codec=codec, unfreeze=unfreeze, **options)


def transfer(trial: BaseTrial, data: DataSpec, *, codec: nn.Module, unfreeze: bool) -> Predictor:
    """One linear layer on the encoder, and how fast it learns; the encoder too, if trained."""
    options = _encoder(trial, unfreeze)
    options["smoothing"] = trial.suggest_float("smoothing", 0, 0.2)
    options["lr"] = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    options["l2"] = trial.suggest_float("l2", 1e-9, 1e-2, log=True)
    return Predictor(data, codec=codec, unfreeze=unfreeze, **options)


def transfer_published(
    trial: BaseTrial, data: DataSpec, *, codec: nn.Module, unfreeze: bool
) -> Predictor:
    """One linear layer, trained by SGD with a high momentum at a constant rate."""
    options: dict[str, Any] = {**_encoder(trial, unfreeze), **suggest_published_sgd(trial)}
    return Predictor(data, codec=codec, unfreeze=unfreeze, **options)


def transfer_step(
    trial: BaseTrial, data: DataSpec, *, codec: nn.Module, unfreeze: bool
) -> Predictor:
    """One linear layer, trained by SGD whose rate falls to a tenth after each third."""
    options = _encoder(trial, unfreeze)
    options["lr"] = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    sgd: dict[str, Any] = {"optimiser": "sgd", "schedule": "step"}
    return Predictor(data, codec=codec, unfreeze=unfreeze, **sgd, **options)


def _width(trial: BaseTrial) -> int:
    return trial.suggest_int("lin_dim", 16, 128, log=True)


def _encoder(trial: BaseTrial, unfreeze: bool) -> dict[str, Any]:
    if not unfreeze:
        return {}
    return {"encoder_lr": trial.suggest_float("encoder_lr", 1e-5, 1e-2, log=True)}
