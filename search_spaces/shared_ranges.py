"""Ranges that several families share."""

from math import prod
from typing import TypedDict

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.learner import OPTIMIZERS, SCHEDULES


def latent_dim(trial: BaseTrial, data: DataSpec, most: int = 64) -> int:
    """Suggests the length of a code, up to an eighth of an item's values.

    A search by error alone wants the longest code that it may have, and a longer one compresses
    so little that principal components do as well.
    """
    return trial.suggest_int("latent_dim", 2, max(2, min(most, prod(data.shape) // 8)), log=True)


class AdamOptions(TypedDict):
    """Options of a model that is trained by Adam under an L1 and an L2 penalty."""

    lr: float
    l1: float
    l2: float


def suggest_regularized_adam(trial: BaseTrial) -> AdamOptions:
    """Suggests lr, l1 and l2 over ranges that end where penalties no longer matter."""
    return {
        "lr": trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        "l1": trial.suggest_float("l1", 1e-9, 1e-4, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-4, log=True),
    }


def suggest_notebook_adam(trial: BaseTrial) -> AdamOptions:
    """Suggests lr, l1 and l2 over the published ranges, of which high l1 and low lr are dead."""
    return {
        "lr": trial.suggest_float("lr", 1e-5, 1e-3, log=True),
        "l1": trial.suggest_float("l1", 1e-6, 1e-3, log=True),
        "l2": trial.suggest_float("l2", 1e-6, 1e-3, log=True),
    }


def width(trial: BaseTrial) -> float:
    """Suggests how many times the published width each layer has."""
    return trial.suggest_float("width", 0.5, 4, log=True)


class OptimizerOptions(TypedDict, total=False):
    """Options of a model whose optimiser is searched too."""

    lr: float
    l2: float
    optimiser: str
    momentum: float
    schedule: str
    clip: float


def suggest_optimizer(trial: BaseTrial) -> OptimizerOptions:
    """Suggests the optimiser with its rate, how the rate falls, and how gradients are clipped."""
    options: OptimizerOptions = {
        "optimiser": trial.suggest_categorical("optimiser", list(OPTIMIZERS)),
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-4, log=True),
        "schedule": trial.suggest_categorical("schedule", list(SCHEDULES)),
        "clip": trial.suggest_categorical("clip", [0.0, 0.1, 1.0, 10.0]),
    }
    if options["optimiser"] == "sgd":
        options["momentum"] = trial.suggest_float("momentum", 0.5, 0.99)
    return options


def suggest_published_sgd(trial: BaseTrial) -> OptimizerOptions:
    """Suggests rate and momentum around 0.01 and 0.99, at a constant rate."""
    return {
        "optimiser": "sgd",
        "schedule": "constant",
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "momentum": trial.suggest_float("momentum", 0.9, 0.99),
    }


def suggest_published_adam(trial: BaseTrial) -> OptimizerOptions:
    """Suggests rate and weight decay around 1e-3 and 1e-5, at a constant rate."""
    return {
        "schedule": "constant",
        "lr": trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        "l2": trial.suggest_float("l2", 1e-6, 1e-3, log=True),
    }
