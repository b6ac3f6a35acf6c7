"""Every body of a predictor by its name: what comes before its last layer."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import nn

from ..data_spec import DataSpec, Kind
from .dense import DenseBackbone
from .lenet import LeNet
from .recurrent import CELLS, Recurrent


class BackboneShape(NamedTuple):
    """How large a body is, as far as it is not published.

    Attributes:
        hidden: Units of a hidden layer, at least 1.
        layers: Number of hidden layers.
        activation: What follows each of them, a key of `ACTIVATIONS`.
    """

    hidden: int
    layers: int
    activation: str


class Backbone(NamedTuple):
    """A body.

    Attributes:
        make: Makes the module, which has `features` and maps items, with shape (N, *data.shape),
            to them, with shape (N, features).
        kinds: The kinds of data that it is made for.
    """

    make: Callable[[DataSpec, BackboneShape], nn.Module]
    kinds: tuple[Kind, ...]


def _recurrent(cell: str, data: DataSpec, shape: BackboneShape) -> nn.Module:
    return Recurrent(data, cell, shape.hidden, shape.layers)


BACKBONES: dict[str, Backbone] = {
    "dense": Backbone(lambda data, shape: DenseBackbone(data, *shape), ("image", "table")),
    "cnn": Backbone(lambda data, shape: LeNet(data, shape.hidden), ("image",)),
    **{cell: Backbone(partial(_recurrent, cell), ("image", "text")) for cell in CELLS},
}
