"""Suggestions that several search spaces share."""

from math import prod
from typing import Any

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.learner import OPTIMIZERS, SCHEDULES

LINEAR_PATH = "linear_path"


def suggest_latent_dim(trial: BaseTrial, data: DataSpec, most: int = 64) -> int:
    """Suggests the length of a latent code.

    It is at most an eighth of the number of values of an item, and at most `most`. The
    reconstruction error alone would favor the longest code, which compresses so little that
    principal components are as good.
    """
    return trial.suggest_int("latent_dim", 2, max(2, min(most, prod(data.shape) // 8)), log=True)


def suggest_width(trial: BaseTrial) -> float:
    """Suggests a factor that multiplies the published width of each layer."""
    return trial.suggest_float("width", 0.5, 4, log=True)


def suggest_linear_path(trial: BaseTrial) -> bool:
    """Suggests whether the network starts from principal components."""
    return bool(trial.suggest_categorical(LINEAR_PATH, [False, True]))


def suggest_regularized_adam(trial: BaseTrial) -> dict[str, Any]:
    """Suggests `lr`, `l1` and `l2` for Adam.

    The ranges of penalties begin so low that the lowest ones have no effect.
    """
    return {
        "lr": trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        "l1": trial.suggest_float("l1", 1e-9, 1e-4, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-4, log=True),
    }


def suggest_published_penalties(trial: BaseTrial) -> dict[str, Any]:
    """Suggests `lr`, `l1` and `l2` in published ranges.

    With a high `l1` or a low `lr`, a model learns nothing.
    """
    return {
        "lr": trial.suggest_float("lr", 1e-5, 1e-3, log=True),
        "l1": trial.suggest_float("l1", 1e-6, 1e-3, log=True),
        "l2": trial.suggest_float("l2", 1e-6, 1e-3, log=True),
    }


def suggest_optimizer(trial: BaseTrial) -> dict[str, Any]:
    """Suggests an optimizer, its learning rate and schedule, and how gradients are clipped.

    It also suggests whether weights are averaged.
    """
    options = {
        "optimizer": trial.suggest_categorical("optimizer", list(OPTIMIZERS)),
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-4, log=True),
        "schedule": trial.suggest_categorical("schedule", list(SCHEDULES)),
        "gradient_clip_norm": trial.suggest_categorical(
            "gradient_clip_norm", [0.0, 0.1, 1.0, 10.0]
        ),
        "ema": trial.suggest_categorical("ema", [0.0, 0.99, 0.999]),
    }
    if options["optimizer"] == "sgd":
        options["momentum"] = trial.suggest_float("momentum", 0.5, 0.99)
    return options


def suggest_published_sgd(trial: BaseTrial) -> dict[str, Any]:
    """Suggests SGD with a learning rate near 0.01 and a momentum near 0.99."""
    return {
        "optimizer": "sgd",
        "schedule": "constant",
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "momentum": trial.suggest_float("momentum", 0.9, 0.99),
    }


def suggest_published_adam(trial: BaseTrial) -> dict[str, Any]:
    """Suggests Adam with a learning rate near 1e-3 and a weight decay near 1e-5."""
    return {
        "schedule": "constant",
        "lr": trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        "l2": trial.suggest_float("l2", 1e-6, 1e-3, log=True),
    }
