"""The networks that the option `network` of a model can name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from torch import nn

from ..data_spec import DataSpec, Kind
from . import dense
from .conv import ConvDecoder, ConvEncoder
from .lenet import LeNet
from .pooled import PooledDecoder, PooledEncoder
from .recurrent import CELLS, Recurrent
from .residual import ResidualDecoder, ResidualEncoder
from .resnet import ResNetDecoder, ResNetEncoder
from .strided import StridedDecoder, StridedEncoder

IMAGE_OR_TABLE: tuple[Kind, ...] = ("image", "table")

ModuleFactory = Callable[[DataSpec, int, float], nn.Module]
"""A function of the data, the number of features D, and a factor for the width of layers."""


class EncoderDecoder(NamedTuple):
    """An encoder and its decoder.

    Attributes:
        encoder: Returns a module that maps items (N, *data.shape) to features (N, D).
        decoder: Returns a module that maps features (N, D) to items (N, *data.shape).
        kinds: The kinds of data that both modules accept.
    """

    encoder: ModuleFactory
    decoder: ModuleFactory
    kinds: tuple[Kind, ...] = ("image",)


class Backbone(NamedTuple):
    """The layers of a predictor before its last layer.

    Attributes:
        make: Takes the data, the units of a hidden layer, the number of hidden layers, and a key
            of `ACTIVATIONS`. Returns a module that maps items (N, *data.shape) to features (N, D),
            with D as its attribute `features`.
        kinds: The kinds of data that the module accepts.
    """

    make: Callable[[DataSpec, int, int, str], nn.Module]
    kinds: tuple[Kind, ...]


def _make_recurrent(
    cell: str, data: DataSpec, hidden: int, layers: int, activation: str
) -> nn.Module:
    return Recurrent(data, cell, hidden, layers)


NETWORKS = {
    "conv": EncoderDecoder(ConvEncoder, ConvDecoder),
    "dense": EncoderDecoder(dense.dense_encoder, dense.dense_decoder, IMAGE_OR_TABLE),
    "deep": EncoderDecoder(dense.deep_encoder, dense.deep_decoder, IMAGE_OR_TABLE),
    "pooled": EncoderDecoder(PooledEncoder, PooledDecoder),
    "strided": EncoderDecoder(StridedEncoder, StridedDecoder),
    "residual": EncoderDecoder(ResidualEncoder, ResidualDecoder),
    "resnet": EncoderDecoder(ResNetEncoder, ResNetDecoder),
}
BACKBONES: dict[str, Backbone] = {
    "dense": Backbone(dense.DenseBackbone, IMAGE_OR_TABLE),
    "cnn": Backbone(lambda data, hidden, layers, activation: LeNet(data, hidden), ("image",)),
    **{cell: Backbone(partial(_make_recurrent, cell), ("image", "text")) for cell in CELLS},
}

Entry = TypeVar("Entry", EncoderDecoder, Backbone)


def find_network(table: Mapping[str, Entry], name: str, data: DataSpec) -> Entry:
    """Returns the entry `name` of `NETWORKS` or `BACKBONES`.

    Raises:
        ValueError: If the name is unknown, or the network does not accept this kind of data.
    """
    if name not in table:
        raise ValueError(f"network (={name!r}) must be one of {', '.join(table)}.")
    if data.kind not in table[name].kinds:
        raise ValueError(f"network (={name!r}) is not made for a {data.kind}.")
    return table[name]
