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

Half = Callable[[DataSpec, int, float], nn.Module]


class Network(NamedTuple):
    """An encoder and the decoder that undoes it.

    Attributes:
        encoder: Makes the module that maps items, with shape (N, *data.shape), to features, with
            shape (N, D), of the data, D and a factor for the published widths.
        decoder: Makes the module that maps features back, of the same.
        kinds: The kinds of data that it is made for.
    """

    encoder: Half
    decoder: Half
    kinds: tuple[Kind, ...] = ("image",)


NETWORKS = {
    "conv": Network(ConvEncoder, ConvDecoder),
    "dense": Network(dense.dense_encoder, dense.dense_decoder, ("image", "table")),
    "deep": Network(dense.deep_encoder, dense.deep_decoder, ("image", "table")),
    "pooled": Network(PooledEncoder, PooledDecoder),
    "strided": Network(StridedEncoder, StridedDecoder),
    "residual": Network(ResidualEncoder, ResidualDecoder),
    "resnet": Network(ResNetEncoder, ResNetDecoder),
}


def network_for(name: str, data: DataSpec) -> Network:
    """Returns a network by its name.

    Raises:
        ValueError: If there is none, or it is not made for such data.
    """
    if name not in NETWORKS:
        raise ValueError(f"network (={name!r}) must be one of {', '.join(NETWORKS)}.")
    if data.kind not in NETWORKS[name].kinds:
        raise ValueError(f"network (={name!r}) is not made for a {data.kind}.")
    return NETWORKS[name]
