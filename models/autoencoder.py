"""Autoencoders: networks that compress an image to a short code and draw it again."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn.functional import mse_loss

from .blocks import ConvDecoder, ConvEncoder, Shape
from .optimise import annealed_adam, l1_norm


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
        Reducing the Dimensionality of Data with Neural Networks (Hinton, Salakhutdinov, 2006)
    """

    def __init__(
        self,
        input_shape: Shape,
        latent_dim: int = 16,
        lr: float = 3e-3,
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
        self.to(memory_format=torch.channels_last)  # convolutions are faster so
        self._train_mse: list[Tensor] = []

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
        mse = self._mse(batch)
        self._train_mse.append(mse.detach())
        return mse + self.l1 * l1_norm(self) if self.l1 else mse

    def on_train_epoch_start(self) -> None:
        self._train_mse = []

    def on_train_epoch_end(self) -> None:
        """Logs `train_mse`: once an epoch, because a log in every step is a tenth of its time."""
        self.log("train_mse", torch.stack(self._train_mse).mean())

    def validation_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Logs `val_mse`."""
        self.log("val_mse", self._mse(batch), batch_size=len(batch[0]))

    def test_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Logs `test_mse`."""
        self.log("test_mse", self._mse(batch), batch_size=len(batch[0]))

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Returns Adam over all parameters."""
        adam = {"params": self.parameters(), "lr": self.lr, "weight_decay": self.l2}
        return annealed_adam(self, [adam])

    def _mse(self, batch: Sequence[Tensor]) -> Tensor:
        return mse_loss(self(batch[0]), batch[0])
