"""Autoencoders: networks that compress an image to a short code and draw it again."""

import sys
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn.functional import mse_loss
from torch.nn.utils import parameters_to_vector

from .blocks import ConvDecoder, ConvEncoder, Shape


@runtime_checkable
class Codec(Protocol):
    """What can be sampled: a model that maps images to codes and codes to images."""

    def encode(self, x: Tensor) -> Tensor:
        """Maps images x, with shape (N, C, H, W), to codes, with shape (N, D)."""

    def decode(self, z: Tensor) -> Tensor:
        """Maps codes z, with shape (N, D), to images, with shape (N, C, H, W)."""


class ConvAutoencoder(pl.LightningModule):
    """Convolutional autoencoder for images with values in [0, 1].

    It is trained on the mean squared error plus `l1` times the sum of all absolute parameters.
    What it logs as `*_mse` is the plain reconstruction error, so that configurations with other
    penalties stay comparable.

    Args:
        input_shape: Shape of one image, (C, H, W).
        latent_dim: Length of the code, at least 1.
        lr: Learning rate of Adam at the start; it falls to 0 along a cosine.
        l1: Weight of the sum of absolute parameters in the loss.
        l2: Weight decay of Adam.

    Raises:
        ValueError: If `input_shape` is no image shape or `latent_dim` is below 1.

    References:
        SGDR: Stochastic Gradient Descent with Warm Restarts (Loshchilov, Hutter, 2017)
        Reducing the Dimensionality of Data with Neural Networks (Hinton, Salakhutdinov, 2006)
    """

    def __init__(
        self,
        input_shape: Shape,
        latent_dim: int = 8,
        lr: float = 1e-3,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> None:
        super().__init__()
        if latent_dim < 1:
            raise ValueError(f"latent_dim (={latent_dim}) must be at least 1.")
        self.save_hyperparameters()
        self.lr, self.l1, self.l2 = lr, l1, l2
        self.encoder = ConvEncoder(input_shape, latent_dim)
        self.decoder = ConvDecoder(input_shape, latent_dim)

    def encode(self, x: Tensor) -> Tensor:
        """Maps images x, with shape (N, C, H, W), to codes, with shape (N, latent_dim)."""
        code: Tensor = self.encoder(x)
        return code

    def decode(self, z: Tensor) -> Tensor:
        """Maps codes z, with shape (N, latent_dim), to images, with shape (N, C, H, W)."""
        image: Tensor = self.decoder(z)
        return image

    def forward(self, x: Tensor) -> Tensor:
        """Reconstructs images x, with shape (N, C, H, W)."""
        return self.decode(self.encode(x))

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> Tensor:
        """Returns the penalised loss of a batch whose first tensor holds the images."""
        mse = self._log_mse("train", batch)
        if not self.l1:
            return mse
        # One norm over one vector: a sum over parameters costs a kernel launch for each of them.
        size: Tensor = torch.linalg.vector_norm(parameters_to_vector(self.parameters()), ord=1)
        return mse + self.l1 * size

    def validation_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Logs `val_mse`."""
        self._log_mse("val", batch)

    def test_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Logs `test_mse`."""
        self._log_mse("test", batch)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Returns Adam over all parameters, annealed over all steps of the trainer."""
        adam = torch.optim.Adam(self.parameters(), lr=self.lr, weight_decay=self.l2)
        steps = min(self.trainer.estimated_stepping_batches, sys.maxsize)  # it may be endless
        anneal = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=int(steps))
        return {"optimizer": adam, "lr_scheduler": {"scheduler": anneal, "interval": "step"}}

    def _log_mse(self, stage: str, batch: Sequence[Tensor]) -> Tensor:
        x = batch[0]
        mse: Tensor = mse_loss(self(x), x)
        self.log(f"{stage}_mse", mse, on_step=False, on_epoch=True, batch_size=len(x))
        return mse
