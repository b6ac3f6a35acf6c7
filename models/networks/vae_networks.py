"""The encoder and the decoder of a VAE, by the name of its network."""

from typing import Literal, NamedTuple

from torch import nn

from ..data_spec import DataSpec
from .conv import ConvDecoder, ConvEncoder
from .dcgan import Generator
from .dense import DenseDecoder, DenseEncoder
from .layers import scale_widths

Network = Literal["conv", "generator", "dense"]

MIN_FEATURES = 16
HIDDEN_WIDTH = 512


class VAENetworks(NamedTuple):
    """The parts of a VAE's network.

    Attributes:
        encoder: Maps items (N, *data.shape) to features (N, features).
        features: Number of features.
        decoder: Maps codes to items.
    """

    encoder: nn.Module
    features: int
    decoder: nn.Module


def make_vae_networks(
    network: Network, data: DataSpec, latent_dim: int, code_length: int, width: float
) -> VAENetworks:
    """Returns the parts of a network for codes of `latent_dim` numbers.

    `code_length` is the number of inputs of the decoder, and `width` multiplies the width of each
    layer.
    """
    if network == "dense":
        (features,) = scale_widths(width, HIDDEN_WIDTH)
        encoder = nn.Sequential(DenseEncoder(data, features, [features]), nn.ReLU())
        dense = DenseDecoder(data, code_length, [features, features], bounded=True)
        return VAENetworks(encoder, features, dense)
    # As published, unless fewer features than code values would be the bottleneck.
    features = max(MIN_FEATURES, latent_dim)
    decoder = Generator if network == "generator" else ConvDecoder
    return VAENetworks(
        ConvEncoder(data, features, width), features, decoder(data, code_length, width)
    )
