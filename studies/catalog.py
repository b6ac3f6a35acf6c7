"""The catalogue: every model that can be searched, by the name that the command line uses.

It names search spaces as text, so that `latentune list` need not import a single one.
"""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True)
class Entry:
    """One model of the catalogue.

    Attributes:
        summary: What it is, in a line.
        spaces: Its search spaces by name, each as `module:function`; `default` is one of them.
        metrics: Which way each metric is better that a study can have as an objective. The model
            logs it in validation as `val_NAME`; the first is searched unless asked otherwise.
        epochs: Epochs of a trial.
        trials: Trials of a study.
        on_encoder: Whether it is put on the encoder of another study; its space then takes the
            trained model and the number of classes too.
    """

    summary: str
    spaces: dict[str, str]
    metrics: dict[str, Direction]
    epochs: int = 10
    trials: int = 20
    on_encoder: bool = False


_SPACES = "latentune.search_spaces"
_VAE_METRICS: dict[str, Direction] = {
    "elbo": "maximize",
    "reconstruction": "minimize",
    "kl": "minimize",
}

MODELS = {
    "conv-ae": Entry(
        summary="convolutional autoencoder",
        spaces={
            "default": f"{_SPACES}.autoencoder:conv_autoencoder",
            "seed": f"{_SPACES}.autoencoder:conv_autoencoder_seed",
        },
        metrics={"mse": "minimize"},
    ),
    "conv-vae": Entry(
        summary="convolutional VAE, Gaussian likelihood",
        spaces={
            "default": f"{_SPACES}.vae:conv_vae",
            "seed": f"{_SPACES}.vae:conv_vae_seed",
        },
        metrics=_VAE_METRICS,
    ),
    "dense-vae": Entry(
        summary="fully connected VAE, Bernoulli likelihood",
        spaces={"default": f"{_SPACES}.vae:dense_vae"},
        metrics=_VAE_METRICS,
    ),
    "head": Entry(
        summary="classifier on the encoder of another study (--encoder)",
        spaces={"default": f"{_SPACES}.head:head"},
        metrics={"accuracy": "maximize", "loss": "minimize"},
        trials=30,
        on_encoder=True,
    ),
}
