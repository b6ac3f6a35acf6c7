"""Backbones of predictors, by name: everything before the last layer."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import nn

from ..data_spec import DataSpec, Kind
from .dense import DenseBackbone
from .lenet import LeNet
from .recurrent import CELLS, Recurrent


class BackboneShape(NamedTuple):
    """The size of a backbone, as far as an option sets it.

    Attributes:
        hidden: Units of a hidden layer, at least 1.
        layers: Number of hidden layers.
        activation: What follows each of them, a key of `ACTIVATIONS`.
    """

    hidden: int
    layers: int
    activation: str


class Backbone(NamedTuple):
    """A backbone.

    Attributes:
        make: Makes a module that has an attribute `features` and maps items (N, *data.shape) to
            features (N, features).
        kinds: The kinds of data that it accepts.
    """

    make: Callable[[DataSpec, BackboneShape], nn.Module]
    kinds: tuple[Kind, ...]


def _make_recurrent(cell: str, data: DataSpec, shape: BackboneShape) -> nn.Module:
    return Recurrent(data, cell, shape.hidden, shape.layers)


BACKBONES: dict[str, Backbone] = {
    "dense": Backbone(lambda data, shape: DenseBackbone(data, *shape), ("image", "table")),
    "cnn": Backbone(lambda data, shape: LeNet(data, shape.hidden), ("image",)),
    **{cell: Backbone(partial(_make_recurrent, cell), ("image", "text")) for cell in CELLS},
}
