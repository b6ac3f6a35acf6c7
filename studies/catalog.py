"""The catalogue: every model that can be searched, by the name that the command line uses.

It names search spaces as text, so that `latentune list` need not import a single one.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Entry:
    """One model of the catalogue.

    Attributes:
        summary: What it is, in a line.
        spaces: Its search spaces by name, each as `module:function`; `default` is one of them.
        monitor: Name of the metric that trials are compared by.
        direction: Which way the metric is better.
        epochs: Epochs of a trial.
        trials: Trials of a study.
    """

    summary: str
    spaces: dict[str, str]
    monitor: str
    direction: Literal["minimize", "maximize"] = "minimize"
    epochs: int = 10
    trials: int = 20


MODELS = {
    "conv-ae": Entry(
        summary="convolutional autoencoder",
        spaces={
            "default": "latentune.search_spaces.autoencoder:conv_autoencoder",
            "seed": "latentune.search_spaces.autoencoder:conv_autoencoder_seed",
        },
        monitor="val_mse",
    ),
}
