"""Search spaces of siamese and triplet networks."""

from typing import Any

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.embedder import MINERS, Embedder
from .shared_ranges import suggest_published_sgd, suggest_width


def siamese(trial: BaseTrial, data: DataSpec) -> Embedder:
    """Suggests code length, margin, miner, width and penalty of a siamese network."""
    return Embedder(data, loss="contrastive", **_suggest_options(trial))


def siamese_published(trial: BaseTrial, data: DataSpec) -> Embedder:
    """Suggests a margin; the network is trained on random pairs by SGD with a high momentum."""
    margin = _suggest_margin(trial)
    return Embedder(data, loss="contrastive", margin=margin, **suggest_published_sgd(trial))


def triplet(trial: BaseTrial, data: DataSpec) -> Embedder:
    """Suggests code length, margin, miner, width and penalty of a triplet network."""
    return Embedder(data, loss="triplet", **_suggest_options(trial))


def triplet_published(trial: BaseTrial, data: DataSpec) -> Embedder:
    """Suggests a margin; the network is trained on random triplets by SGD with a high momentum."""
    margin = _suggest_margin(trial)
    return Embedder(data, loss="triplet", margin=margin, **suggest_published_sgd(trial))


def _suggest_margin(trial: BaseTrial) -> float:
    return trial.suggest_float("margin", 0.2, 5, log=True)


def _suggest_options(trial: BaseTrial) -> dict[str, Any]:
    return {
        "latent_dim": trial.suggest_int("latent_dim", 8, 128, log=True),
        "margin": _suggest_margin(trial),
        "miner": trial.suggest_categorical("miner", list(MINERS)),
        "width": suggest_width(trial),
        "lr": trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        "l2": trial.suggest_float("l2", 1e-9, 1e-3, log=True),
    }
