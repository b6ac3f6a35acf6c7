"""What may vary in siamese and triplet networks."""

from typing import Any

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.embedder import MINERS, Embedder
from .shared_ranges import suggest_published_sgd, width


def siamese(trial: BaseTrial, data: DataSpec) -> Embedder:
    """Pairs, over wide ranges."""
    return Embedder(data, loss="contrastive", **_options(trial))


def siamese_published(trial: BaseTrial, data: DataSpec) -> Embedder:
    """Pairs drawn at random, trained by SGD with a high momentum."""
    margin = _margin(trial)
    return Embedder(data, loss="contrastive", margin=margin, **suggest_published_sgd(trial))


def triplet(trial: BaseTrial, data: DataSpec) -> Embedder:
    """Triplets, over wide ranges."""
    return Embedder(data, loss="triplet", **_options(trial))


def triplet_published(trial: BaseTrial, data: DataSpec) -> Embedder:
    """Triplets drawn at random, trained by SGD with a high momentum."""
    return Embedder(data, loss="triplet", margin=_margin(trial), **suggest_published_sgd(trial))


def _margin(trial: BaseTrial) -> float:
    return trial.suggest_float("margin", 0.2, 5, log=True)


def _options(trial: BaseTrial) -> dict[str, Any]:
    return {
        "latent_dim": trial.suggest_int("latent_dim", 8, 128, log=True),
        "margin": _margin(trial),
        "miner": trial.suggest_categorical("miner", list(MINERS)),
        "width": width(trial),
        "lr": trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-3, log=True),
    }
