"""Every network by its name: what an option `network` chooses from."""

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

HalfFactory = Callable[[DataSpec, int, float], nn.Module]


class EncoderDecoder(NamedTuple):
    """An encoder and the decoder that undoes it.

    Attributes:
        encoder: Makes the module that maps items, with shape (N, *data.shape), to features, with
            shape (N, D), of the data, D and a factor for the published widths.
        decoder: Makes the module that maps features back, of the same.
        kinds: The kinds of data that it is made for.
    """

    encoder: HalfFactory
    decoder: HalfFactory
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
    """Returns a network by its name.

    Raises:
        ValueError: If there is none, or it is not made for such data.
    """
    if name not in NETWORKS:
        raise ValueError(f"network (={name!r}) must be one of {', '.join(NETWORKS)}.")
    if data.kind not in NETWORKS[name].kinds:
        raise ValueError(f"network (={name!r}) is not made for a {data.kind}.")
    return NETWORKS[name]
