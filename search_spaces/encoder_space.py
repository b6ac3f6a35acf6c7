"""A search space on the encoder of another study, as a plain function of trial and data."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import pytorch_lightning as pl
import torch
from optuna.trial import BaseTrial
from torch import nn

from ..models.autoencoder import Autoencoder
from ..models.data_spec import DataSpec


@dataclass(frozen=True)
class EncoderSpace:
    """A space that needs a trained encoder, as a plain function of trial and data.

    Attributes:
        space: A function of trial, data, `codec` and `unfreeze`.
        encoder: Returns the model that encodes such data.
        unfreeze: Whether the encoder is trained too.
    """

    space: Callable[..., pl.LightningModule]
    encoder: Callable[[DataSpec], nn.Module]
    unfreeze: bool

    def __call__(self, trial: BaseTrial, data: DataSpec) -> pl.LightningModule:
        """Builds the model on a copy of the encoder; on the meta device, on a small network."""
        on_meta = torch.get_default_device().type == "meta"
        codec = (
            Autoencoder(data, network="dense") if on_meta else copy.deepcopy(self.encoder(data))
        )
        return self.space(trial, data, codec=codec, unfreeze=self.unfreeze)
