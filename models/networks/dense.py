"""Linear layers alone: for images as for rows of a table."""

from collections.abc import Sequence
from itertools import chain, pairwise
from math import prod

from torch import nn

from ..data_spec import DataSpec
from .initialization import init_weights, scale_widths
from .standardize import restore_output, standardize_input

LAST_LAYER_GAIN = 0.1
DENSE = (256,)
DEEP = (128, 64, 12)
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "none": nn.Identity,
}
"""What may follow a hidden layer; with `none`, all layers together are a linear one."""


class DenseEncoder(nn.Sequential):
    """Maps items to features through hidden layers, each before a ReLU.

    Args:
        data: Any data.
        features: Number of features D that leave the encoder.
        hidden: Widths of the layers between.
        last_gain: See `init_weights`.

    Its input has shape (N, *data.shape), its output (N, D).
    """

    def __init__(
        self, data: DataSpec, features: int, hidden: Sequence[int], last_gain: float = 1.0
    ) -> None:
        sizes = [prod(data.shape), *hidden, features]
        super().__init__(*standardize_input(data), nn.Flatten(), *_linear(sizes))
        init_weights(self, last_gain)


class DenseDecoder(nn.Sequential):
    """Maps features to items through hidden layers, each before a ReLU.

    Args:
        data: Any data.
        features: Number of features D that enter the decoder.
        hidden: Widths of the layers between.
        bounded: Whether the output lies in [0, 1]; else it is any number.

    Its input has shape (N, D), its output (N, *data.shape).
    """

    def __init__(
        self, data: DataSpec, features: int, hidden: Sequence[int], bounded: bool = False
    ) -> None:
        layers = _linear([features, *hidden, prod(data.shape)])
        end = [nn.Sigmoid()] if bounded else restore_output(data)
        super().__init__(*layers, nn.Unflatten(1, data.shape), *end)
        init_weights(self, 1.0 if bounded else LAST_LAYER_GAIN)


class DenseBackbone(nn.Sequential):
    """Maps items to features through hidden layers of one width.

    Args:
        data: Any data but texts.
        hidden: Units of each hidden layer.
        layers: Number of hidden layers; with none, the features are the values of an item.
        activation: What follows each of them, a key of `ACTIVATIONS`.

    Its input has shape (N, *data.shape), its output (N, `features`).

    Attributes:
        features: How many features leave it.
    """

    def __init__(self, data: DataSpec, hidden: int, layers: int, activation: str) -> None:
        sizes = [prod(data.shape), *[hidden] * layers]
        steps = [(nn.Linear(*pair), ACTIVATIONS[activation]()) for pair in pairwise(sizes)]
        super().__init__(*standardize_input(data), nn.Flatten(), *chain.from_iterable(steps))
        self.features = sizes[-1]
        init_weights(self)


def dense_encoder(data: DataSpec, features: int, width: float) -> nn.Module:
    """One hidden layer of 256; features are not negative."""
    encoder = DenseEncoder(data, features, scale_widths(width, *DENSE), LAST_LAYER_GAIN)
    code = encoder[-1]
    assert isinstance(code, nn.Linear)
    nn.init.ones_(code.bias)  # above zero at first, where no value of the code is dead
    return nn.Sequential(encoder, nn.ReLU())


def dense_decoder(data: DataSpec, features: int, width: float) -> nn.Module:
    """One hidden layer of 256."""
    return DenseDecoder(data, features, scale_widths(width, *DENSE))


def deep_encoder(data: DataSpec, features: int, width: float) -> nn.Module:
    """Hidden layers of 128, 64 and 12; none is narrower than the features."""
    return DenseEncoder(data, features, _deep(features, width), LAST_LAYER_GAIN)


def deep_decoder(data: DataSpec, features: int, width: float) -> nn.Module:
    """Hidden layers of 12, 64 and 128, likewise."""
    return DenseDecoder(data, features, _deep(features, width)[::-1])


def _deep(features: int, width: float) -> list[int]:
    # A longer code must not pass through fewer features than it has.
    return [max(size, features) for size in scale_widths(width, *DEEP)]


def _linear(sizes: Sequence[int]) -> list[nn.Module]:
    """Returns linear layers from size to size, with a ReLU between two of them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return layers[:-1]
