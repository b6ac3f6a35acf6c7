"""Search spaces of networks that learn codes from random views of items."""

from typing import Any

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.view_learner import ViewLearner
from .shared_ranges import suggest_width


def simclr(trial: BaseTrial, data: DataSpec) -> ViewLearner:
    """Suggests the temperature, the views and the network of SimCLR."""
    temperature = trial.suggest_float("temperature", 0.05, 1, log=True)
    return ViewLearner(
        data, loss="ntxent", temperature=temperature, **_suggest_options(trial, data)
    )


def vicreg(trial: BaseTrial, data: DataSpec) -> ViewLearner:
    """Suggests the views and the network of VICReg."""
    return ViewLearner(data, loss="vicreg", **_suggest_options(trial, data))


def _suggest_options(trial: BaseTrial, data: DataSpec) -> dict[str, Any]:
    return {
        "network": "conv" if data.kind == "image" else "deep",
        "latent_dim": trial.suggest_int("latent_dim", 16, 256, log=True),
        "strength": trial.suggest_float("strength", 0.1, 1),
        "flip": trial.suggest_categorical("flip", [False, True]),
        "width": suggest_width(trial),
        "lr": trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-3, log=True),
    }
