"""Encoder-decoder pairs, by the name that the option `network` of a model takes."""

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from ..data_spec import DataSpec, Kind
from . import dense
from .conv import ConvDecoder, ConvEncoder
from .pooled import PooledDecoder, PooledEncoder
from .residual import ResidualDecoder, ResidualEncoder
from .resnet import ResNetDecoder, ResNetEncoder
from .strided import StridedDecoder, StridedEncoder

ModuleFactory = Callable[[DataSpec, int, float], nn.Module]
"""Takes the data, the number of features D, and a factor for the published layer widths."""


class EncoderDecoder(NamedTuple):
    """An encoder and the decoder that mirrors it.

    Attributes:
        encoder: Makes a module that maps items (N, *data.shape) to features (N, D).
        decoder: Makes a module that maps features (N, D) to items (N, *data.shape).
        kinds: The kinds of data that both accept.
    """

    encoder: ModuleFactory
    decoder: ModuleFactory
    kinds: tuple[Kind, ...] = ("image",)


NETWORKS = {
    "conv": EncoderDecoder(ConvEncoder, ConvDecoder),
    "dense": EncoderDecoder(dense.dense_encoder, dense.dense_decoder, ("image", "table")),
    "deep": EncoderDecoder(dense.deep_encoder, dense.deep_decoder, ("image", "table")),
    "pooled": EncoderDecoder(PooledEncoder, PooledDecoder),
    "strided": EncoderDecoder(StridedEncoder, StridedDecoder),
    "residual": EncoderDecoder(ResidualEncoder, ResidualDecoder),
    "resnet": EncoderDecoder(ResNetEncoder, ResNetDecoder),
}


def get_network(name: str, data: DataSpec) -> EncoderDecoder:
    """Returns the encoder-decoder pair of a name.

    Raises:
        ValueError: If the name is unknown, or the pair does not accept this kind of data.
    """
    if name not in NETWORKS:
        raise ValueError(f"network (={name!r}) must be one of {', '.join(NETWORKS)}.")
    if data.kind not in NETWORKS[name].kinds:
        raise ValueError(f"network (={name!r}) is not made for a {data.kind}.")
    return NETWORKS[name]
