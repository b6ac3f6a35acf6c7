"""Backbones of predictors, by name: everything before the last layer."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from torch import nn

from ..data_spec import DataSpec, Kind
from .dense import DenseBackbone
from .lenet import LeNet
from .recurrent import CELLS, Recurrent


class Backbone(NamedTuple):
    """A backbone.

    Attributes:
        make: Makes a module of the data, the units of a hidden layer, the number of hidden layers,
            and a key of `ACTIVATIONS`. The module has an attribute `features` and maps items
            (N, *data.shape) to features (N, features).
        kinds: The kinds of data that it accepts.
    """

    make: Callable[[DataSpec, int, int, str], nn.Module]
    kinds: tuple[Kind, ...]


def _make_recurrent(
    cell: str, data: DataSpec, hidden: int, layers: int, activation: str
) -> nn.Module:
    return Recurrent(data, cell, hidden, layers)


BACKBONES: dict[str, Backbone] = {
    "dense": Backbone(DenseBackbone, ("image", "table")),
    "cnn": Backbone(lambda data, hidden, layers, activation: LeNet(data, hidden), ("image",)),
    **{cell: Backbone(partial(_make_recurrent, cell), ("image", "text")) for cell in CELLS},
}
