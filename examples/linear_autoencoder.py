"""A model of your own, its search space, and the study of it.

On the command line, the search is `latentune search linear_autoencoder:SPEC`.
"""

from functools import partial

import pytorch_lightning as pl
import torch
from optuna.trial import BaseTrial
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from latentune import DataSpec, Objective, StudySpec, TensorData


class LinearAutoencoder(pl.LightningModule):
    """An autoencoder of two linear layers.

    Args:
        side: Height and width of an image.
        rank: Number of values in a latent code.
        lr: Learning rate.
    """

    def __init__(self, side: int, rank: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(side**2, rank))
        self.decoder = nn.Sequential(nn.Linear(rank, side**2), nn.Unflatten(1, (1, side, side)))

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def reconstruct(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))

    def training_step(self, batch: list[Tensor], _: int) -> Tensor:
        return mse_loss(self.reconstruct(batch[0]), batch[0])

    def validation_step(self, batch: list[Tensor], _: int) -> None:
        self.log("val_mse", mse_loss(self.reconstruct(batch[0]), batch[0]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.hparams["lr"])


def space(trial: BaseTrial, data: DataSpec) -> LinearAutoencoder:
    """Builds the model of a trial; each value that the trial suggests is searched."""
    return LinearAutoencoder(
        side=data.shape[-1],
        rank=trial.suggest_int("rank", 1, 16),
        lr=trial.suggest_float("lr", 1e-4, 1e-1, log=True),
    )


SPEC = StudySpec(
    name="linear-ae-digits",
    objective=Objective(
        model=space,
        data=partial(TensorData, "digits"),
        metrics={"val_mse": "minimize"},
    ),
)
