"""Search spaces of predictors. Each function is a space of an entry in the catalog."""

from typing import Any

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.networks.dense import ACTIVATIONS
from ..models.networks.recurrent import CELLS
from ..models.predictor import Predictor
from .shared_ranges import suggest_optimizer

PLAIN_SGD: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.0, "schedule": "constant"}


def mlp(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests number, width and activation of hidden layers of a classifier."""
    layers, dense = trial.suggest_int("layers", 1, 3), _suggest_dense(trial)
    smoothing = _suggest_smoothing(trial)
    return Predictor(data, layers=layers, **dense, smoothing=smoothing, **_suggest_adam(trial))


def mlp_published(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests the width of one hidden layer with tanh, trained by SGD without momentum."""
    lr = trial.suggest_float("lr", 1e-4, 1.0, log=True)
    hidden = trial.suggest_int("hidden", 32, 1024, log=True)
    return Predictor(data, hidden=hidden, activation="tanh", lr=lr, **PLAIN_SGD)


def mlp_optimizer(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests hidden layers, optimizer, schedule and gradient clipping."""
    return Predictor(data, **_suggest_dense(trial), **suggest_optimizer(trial))


def mlp_regression(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests number, width and activation of hidden layers that predict a number."""
    layers = trial.suggest_int("layers", 1, 3)
    return Predictor(data, layers=layers, **_suggest_dense(trial), **_suggest_adam(trial))


def feed_forward(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests width, at most 2,000 units, and activation of one hidden layer."""
    return Predictor(data, **_suggest_dense(trial, least=1, most=2000), **_suggest_adam(trial))


def feed_forward_published(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests published widths and activations, trained at a constant learning rate."""
    lr = trial.suggest_float("lr", 1e-4, 1e-2, log=True)
    dense = _suggest_dense(trial, least=1, most=2000)
    return Predictor(data, **dense, lr=lr, schedule="constant")


def cnn(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests the width of LeNet, from half to five times the published width."""
    hidden = trial.suggest_int("hidden", 128, 1024, log=True)
    smoothing = _suggest_smoothing(trial)
    return Predictor(data, "cnn", hidden, smoothing=smoothing, **_suggest_adam(trial))


def cnn_published(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests the width of the published LeNet, trained by SGD without momentum."""
    hidden = trial.suggest_int("hidden", 55, 880, log=True)
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    return Predictor(data, "cnn", hidden, lr=lr, **PLAIN_SGD)


def row_rnn(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests the cell, state length and number of layers of an RNN over the rows of an image."""
    return Predictor(data, **_suggest_recurrent(trial), **_suggest_adam(trial))


def row_rnn_published(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests published state lengths and layers of the RNN, at a constant learning rate."""
    lr = trial.suggest_float("lr", 1e-4, 1e-2, log=True)
    return Predictor(data, **_suggest_recurrent(trial), lr=lr, schedule="constant")


def name_rnn(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests an RNN over the letters of a text, and the weight of rare classes."""
    balance, recurrent = trial.suggest_float("balance", 0, 1), _suggest_recurrent(trial)
    return Predictor(data, **recurrent, balance=balance, **_suggest_adam(trial))


def linear(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Suggests the penalty of a logistic regression of classes, or a linear one of numbers."""
    lr = trial.suggest_float("lr", 1e-3, 1e-1, log=True)
    l2 = trial.suggest_float("l2", 1e-4, 1e-1, log=True)  # the only penalty, often with few rows
    return Predictor(data, layers=0, lr=lr, l2=l2)


def _suggest_adam(trial: BaseTrial) -> dict[str, Any]:
    return {
        "lr": trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-2, log=True),
    }


def _suggest_smoothing(trial: BaseTrial) -> float:
    return trial.suggest_float("smoothing", 0, 0.2)


def _suggest_dense(trial: BaseTrial, least: int = 32, most: int = 1024) -> dict[str, Any]:
    return {
        "hidden": trial.suggest_int("hidden", least, most, log=True),
        "activation": trial.suggest_categorical("activation", list(ACTIVATIONS)),
    }


def _suggest_recurrent(trial: BaseTrial) -> dict[str, Any]:
    return {
        "network": trial.suggest_categorical("network", list(reversed(CELLS))),
        "hidden": trial.suggest_int("hidden", 64, 256, log=True),
        "layers": trial.suggest_int("layers", 1, 2),
        "gradient_clip_norm": 1.0,  # gradients of long sequences may explode
    }
