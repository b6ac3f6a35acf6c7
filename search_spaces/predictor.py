"""What may vary in a predictor: a function for each row of the catalogue."""

from typing import Any

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.networks.dense import ACTIVATIONS
from ..models.networks.recurrent import CELLS
from ..models.predictor import Predictor
from .shared_ranges import suggest_optimizer


def mlp(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Width, depth and activation of linear layers, over wide ranges."""
    layers = trial.suggest_int("layers", 1, 3)
    return Predictor(data, layers=layers, **_dense(trial), **_smoothing(trial), **_adam(trial))


def mlp_published(trial: BaseTrial, data: DataSpec) -> Predictor:
    """A hidden layer before a tanh, trained by SGD without momentum at a constant rate."""
    lr = trial.suggest_float("lr", 1e-4, 1.0, log=True)
    sgd: dict[str, Any] = {"optimiser": "sgd", "momentum": 0.0, "schedule": "constant"}
    return Predictor(data, hidden=_hidden(trial), activation="tanh", lr=lr, **sgd)


def mlp_optimiser(trial: BaseTrial, data: DataSpec) -> Predictor:
    """The optimiser too, with its schedule and the clipping of gradients."""
    return Predictor(data, **_dense(trial), **suggest_optimizer(trial))


def mlp_regression(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Width, depth and activation of linear layers that end in a number."""
    layers = trial.suggest_int("layers", 1, 3)
    return Predictor(data, layers=layers, **_dense(trial), **_adam(trial))


def feed_forward(trial: BaseTrial, data: DataSpec) -> Predictor:
    """A hidden layer, from one unit to 2,000, and what follows it."""
    return Predictor(data, **_dense(trial, least=1, most=2000), **_adam(trial))


def feed_forward_published(trial: BaseTrial, data: DataSpec) -> Predictor:
    """The published widths and activations, at a constant rate."""
    lr = trial.suggest_float("lr", 1e-4, 1e-2, log=True)
    return Predictor(data, **_dense(trial, least=1, most=2000), lr=lr, schedule="constant")


def cnn(trial: BaseTrial, data: DataSpec) -> Predictor:
    """Convolutions and linear layers, from about the published width to four times that."""
    hidden = trial.suggest_int("hidden", 128, 1024, log=True)
    return Predictor(data, "cnn", hidden, **_smoothing(trial), **_adam(trial))


def cnn_published(trial: BaseTrial, data: DataSpec) -> Predictor:
    """The published network, trained by SGD without momentum at a constant rate."""
    hidden = trial.suggest_int("hidden", 55, 880, log=True)
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    sgd: dict[str, Any] = {"optimiser": "sgd", "momentum": 0.0, "schedule": "constant"}
    return Predictor(data, "cnn", hidden, lr=lr, **sgd)


def row_rnn(trial: BaseTrial, data: DataSpec) -> Predictor:
    """The cell, its state and its layers; the rows of an image are the steps."""
    return Predictor(data, **_recurrent(trial), **_adam(trial))


def row_rnn_published(trial: BaseTrial, data: DataSpec) -> Predictor:
    """The published states and layers, at a constant rate."""
    lr = trial.suggest_float("lr", 1e-4, 1e-2, log=True)
    return Predictor(data, **_recurrent(trial), lr=lr, schedule="constant")


def name_rnn(trial: BaseTrial, data: DataSpec) -> Predictor:
    """The cell, its state and its layers, and how much rare classes count."""
    balance = trial.suggest_float("balance", 0, 1)
    return Predictor(data, **_recurrent(trial), balance=balance, **_adam(trial))


def linear(trial: BaseTrial, data: DataSpec) -> Predictor:
    """One linear layer: logistic regression of classes, linear regression of numbers."""
    lr = trial.suggest_float("lr", 1e-3, 1e-1, log=True)
    l2 = trial.suggest_float("l2", 1e-4, 1e-1, log=True)  # few rows, and no other restraint
    return Predictor(data, layers=0, lr=lr, l2=l2)


def _adam(trial: BaseTrial) -> dict[str, Any]:
    return {
        "lr": trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-2, log=True),
    }


def _smoothing(trial: BaseTrial) -> dict[str, Any]:
    return {"smoothing": trial.suggest_float("smoothing", 0, 0.2)}


def _hidden(trial: BaseTrial, least: int = 32, most: int = 1024) -> int:
    return trial.suggest_int("hidden", least, most, log=True)


def _dense(trial: BaseTrial, least: int = 32, most: int = 1024) -> dict[str, Any]:
    return {
        "hidden": _hidden(trial, least, most),
        "activation": trial.suggest_categorical("activation", list(ACTIVATIONS)),
    }


def _recurrent(trial: BaseTrial) -> dict[str, Any]:
    return {
        "network": trial.suggest_categorical("network", list(reversed(CELLS))),
        "hidden": _hidden(trial, 64, 256),
        "layers": trial.suggest_int("layers", 1, 2),
        "clip": 1.0,  # a long sequence may multiply a gradient at each of its steps
    }
