"""A space on the encoder of another study, as one that takes a trial and the data alone."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytorch_lightning as pl
import torch
from optuna.trial import BaseTrial
from torch import nn

from ..models.autoencoder import Autoencoder
from ..models.data_spec import DataSpec


@dataclass(frozen=True)
class EncoderSpace:
    """A space that takes a trained model too, as one that takes a trial and the data alone.

    Attributes:
        space: The space as it was written.
        encoder: Returns the model whose encoder it is put on, for such data.
        unfreeze: Whether the encoder is trained too.
    """

    space: Callable[..., pl.LightningModule]
    encoder: Callable[[DataSpec], nn.Module]
    unfreeze: bool

    def __call__(self, trial: BaseTrial, data: DataSpec) -> pl.LightningModule:
        """Builds the model on a copy of the encoder."""
        # Who only asks what varies needs no weights, and so no trained network.
        asked = torch.get_default_device().type == "meta"
        placeholder = partial(Autoencoder, data, network="dense")
        codec = placeholder() if asked else copy.deepcopy(self.encoder(data))
        return self.space(trial, data, codec=codec, unfreeze=self.unfreeze)
