"""Networks of linear layers, for images and for table rows."""

from collections.abc import Sequence
from itertools import chain, pairwise
from math import prod

from torch import nn

from ..data_spec import DataSpec
from .layers import init_weights, scale_widths
from .standardize import restore_output, standardize_input

LAST_LAYER_GAIN = 0.1
DENSE_HIDDEN_WIDTHS = (256,)
DEEP_HIDDEN_WIDTHS = (128, 64, 12)
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "none": nn.Identity,
}
"""Activation functions after a hidden layer. With `none`, the whole network is a linear map."""


class DenseEncoder(nn.Sequential):
    """Encodes items (N, *data.shape) by linear layers with ReLU between them.

    `hidden` holds the widths of the hidden layers. See `init_weights` for `last_gain`.
    """

    def __init__(
        self, data: DataSpec, features: int, hidden: Sequence[int], last_gain: float = 1.0
    ) -> None:
        widths = [prod(data.shape), *hidden, features]
        super().__init__(*standardize_input(data), nn.Flatten(), *_linear_layers(widths))
        init_weights(self, last_gain)


class DenseDecoder(nn.Sequential):
    """Decodes features (N, D) to items by linear layers with ReLU between them.

    `hidden` holds the widths of the hidden layers. If `bounded` is True, the output is in [0, 1].
    """

    def __init__(
        self, data: DataSpec, features: int, hidden: Sequence[int], bounded: bool = False
    ) -> None:
        layers = _linear_layers([features, *hidden, prod(data.shape)])
        end = [nn.Sigmoid()] if bounded else restore_output(data)
        super().__init__(*layers, nn.Unflatten(1, data.shape), *end)
        init_weights(self, 1.0 if bounded else LAST_LAYER_GAIN)


class DenseBackbone(nn.Sequential):
    """Maps images or rows to features (N, features) by hidden layers of the same width.

    An activation follows each hidden layer; its name is a key of `ACTIVATIONS`. Without hidden
    layers, the features are the values of the item.
    """

    def __init__(self, data: DataSpec, hidden: int, layers: int, activation: str) -> None:
        widths = [prod(data.shape), *[hidden] * layers]
        steps = [(nn.Linear(*pair), ACTIVATIONS[activation]()) for pair in pairwise(widths)]
        super().__init__(*standardize_input(data), nn.Flatten(), *chain.from_iterable(steps))
        self.features = widths[-1]
        init_weights(self)


def dense_encoder(data: DataSpec, features: int, width: float) -> nn.Module:
    """Returns an encoder with one hidden layer of 256 units; codes are not negative."""
    encoder = DenseEncoder(
        data, features, scale_widths(width, *DENSE_HIDDEN_WIDTHS), LAST_LAYER_GAIN
    )
    code = encoder[-1]
    assert isinstance(code, nn.Linear)
    nn.init.ones_(code.bias)  # no unit of the code starts where the ReLU is flat
    return nn.Sequential(encoder, nn.ReLU())


def dense_decoder(data: DataSpec, features: int, width: float) -> nn.Module:
    """Returns a decoder with one hidden layer of 256 units."""
    return DenseDecoder(data, features, scale_widths(width, *DENSE_HIDDEN_WIDTHS))


def deep_encoder(data: DataSpec, features: int, width: float) -> nn.Module:
    """Returns an encoder with hidden layers of 128, 64 and 12 units.

    A hidden layer has at least as many units as there are features.
    """
    return DenseEncoder(data, features, _deep_widths(features, width), LAST_LAYER_GAIN)


def deep_decoder(data: DataSpec, features: int, width: float) -> nn.Module:
    """Returns a decoder with the layers of `deep_encoder` in reverse order."""
    return DenseDecoder(data, features, _deep_widths(features, width)[::-1])


def _deep_widths(features: int, width: float) -> list[int]:
    # A layer narrower than the code would be the real bottleneck.
    return [max(size, features) for size in scale_widths(width, *DEEP_HIDDEN_WIDTHS)]


def _linear_layers(widths: Sequence[int]) -> list[nn.Module]:
    pairs = [(nn.Linear(*pair), nn.ReLU()) for pair in pairwise(widths)]
    return list(chain.from_iterable(pairs))[:-1]
