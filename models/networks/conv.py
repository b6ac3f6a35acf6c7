"""Encoder of strided convolutions down to about four pixels and two linear layers; its decoder."""

from math import log2, prod
from typing import NamedTuple

from torch import nn

from ..data_spec import DataSpec
from .layers import init_weights, scale_widths
from .standardize import standardize_input

LAST_CHANNELS = 32
HIDDEN_WIDTH = 64
SMALLEST_SIDE = 4


class _Step(NamedTuple):
    """How a 3x3 convolution changes a side of a feature map, and how its transpose restores it.

    With stride 2, two sizes become the same size. `output_padding` says which of the two to
    restore.
    """

    stride: int
    padding: int
    size: int
    output_padding: int


def _halving_step(side: int, is_last: bool) -> _Step:
    """Returns a step that halves a side of length `side` and skips no pixel.

    Padding at both ends makes this possible for every length. The last layer has no padding if the
    side is odd, as in the published network.
    """
    padding = int(not (is_last and side % 2 and side > 1))
    size = (side + 2 * padding - 3) // 2 + 1
    return _Step(2, padding, size, side - (2 * size + 1 - 2 * padding))


def _halving_steps(shape: tuple[int, ...]) -> list[tuple[_Step, _Step]]:
    """Returns the steps for height and width of each layer, until about 4 pixels are left.

    A side of 8 pixels needs one layer, a side of 28 or 32 three, and a side of 64 four.
    """
    sides = []
    for side in shape[1:]:
        layers = max(1, round(log2(side / SMALLEST_SIDE)))
        steps = [_halving_step(side, is_last=layers == 1)]
        while len(steps) < layers:
            steps.append(_halving_step(steps[-1].size, is_last=len(steps) == layers - 1))
        sides.append(steps)
    depth = max(map(len, sides))
    for steps in sides:  # the shorter side keeps its size while the longer one is halved
        steps += [_Step(1, 1, steps[-1].size, 0)] * (depth - len(steps))
    return list(zip(*sides, strict=True))


def _layer_channels(layers: int, colors: int, width: float) -> list[int]:
    """Returns the number of output channels of each layer.

    For three layers and gray images, these are 8, 16, 32. With fewer layers, the first numbers are
    left out; with more layers, the numbers continue to double. Color images have twice as many
    channels.
    """
    last = LAST_CHANNELS if colors == 1 else 2 * LAST_CHANNELS
    first = last >> (min(layers, 3) - 1)
    return list(scale_widths(width, *(first << layer for layer in range(layers))))


class ConvEncoder(nn.Sequential):
    """Encodes images (N, C, H, W) by strided convolutions and two linear layers."""

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        steps = _halving_steps(data.shape)
        layers: list[nn.Module] = []
        inputs = data.shape[0]
        for outputs, step in zip(_layer_channels(len(steps), inputs, width), steps, strict=True):
            stride, padding, size, _ = zip(*step, strict=True)
            layers += [nn.Conv2d(inputs, outputs, 3, stride=stride, padding=padding), nn.ReLU()]
            inputs = outputs
        (hidden,) = scale_widths(width, HIDDEN_WIDTH)
        super().__init__(
            *standardize_input(data),
            *layers,
            nn.Flatten(),
            nn.Linear(inputs * prod(size), hidden),
            nn.ReLU(),
            nn.Linear(hidden, features),
        )
        init_weights(self)


class ConvDecoder(nn.Sequential):
    """Decodes features to images with values in [0, 1]; the layers mirror `ConvEncoder`."""

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        steps = _halving_steps(data.shape)
        channels = [data.shape[0], *_layer_channels(len(steps), data.shape[0], width)]
        smallest = [side.size for side in steps[-1]]
        (hidden,) = scale_widths(width, HIDDEN_WIDTH)
        layers: list[nn.Module] = [
            nn.Linear(features, hidden),
            nn.ReLU(),
            nn.Linear(hidden, channels[-1] * prod(smallest)),
            nn.ReLU(),
            nn.Unflatten(1, (channels[-1], *smallest)),
        ]
        for layer in reversed(range(len(steps))):
            stride, padding, _, output_padding = zip(*steps[layer], strict=True)
            layers += [
                nn.ConvTranspose2d(
                    channels[layer + 1],
                    channels[layer],
                    3,
                    stride=stride,
                    padding=padding,
                    output_padding=output_padding,
                ),
                nn.ReLU(),
            ]
        layers[-1] = nn.Sigmoid()
        super().__init__(*layers)
        init_weights(self)
