"""Strided convolutions down to about four pixels, then linear layers; and the way back."""

from math import log2, prod
from typing import NamedTuple

from torch import nn

from ..data_spec import DataSpec
from .initialization import init_weights, scale_widths
from .standardize import standardize_input

CHANNELS = 32
HIDDEN = 64
SMALLEST = 4


class _Step(NamedTuple):
    """What one 3x3 convolution does to a side, and the transposed one that undoes it.

    A stride of 2 maps two sizes to one: `output_padding` tells the transposed layer which it was.
    """

    stride: int
    padding: int
    size: int
    output_padding: int


def _halve(side: int, last: bool) -> _Step:
    """Halves a side such that each pixel is seen, and drawn again.

    A padded pixel at both ends does that for all sides; odd ones need none, and the last layer of
    the published network has none.
    """
    padding = int(not (last and side % 2 and side > 1))
    size = (side + 2 * padding - 3) // 2 + 1
    return _Step(2, padding, size, side - (2 * size + 1 - 2 * padding))


def _steps(shape: tuple[int, ...]) -> list[tuple[_Step, _Step]]:
    """Returns what each layer does to height and width: halve them until about 4 pixels remain.

    That is one layer for 8 pixels, three for 28 and 32, four for 64.
    """
    sides = []
    for side in shape[1:]:
        layers = max(1, round(log2(side / SMALLEST)))
        steps = [_halve(side, last=layers == 1)]
        while len(steps) < layers:
            steps.append(_halve(steps[-1].size, last=len(steps) == layers - 1))
        sides.append(steps)
    depth = max(map(len, sides))
    for steps in sides:  # the shorter side waits for the longer one
        steps += [_Step(1, 1, steps[-1].size, 0)] * (depth - len(steps))
    return list(zip(*sides, strict=True))


def _channels(layers: int, colors: int, width: float) -> list[int]:
    """Returns the channels behind each layer: 8, 16, 32 for three and gray images, as published.

    Fewer layers have the last of these; more go on doubling. Colours need twice as many.
    """
    last = CHANNELS if colors == 1 else 2 * CHANNELS
    first = last >> (min(layers, 3) - 1)
    return list(scale_widths(width, *(first << layer for layer in range(layers))))


class ConvEncoder(nn.Sequential):
    """Maps images to features: strided convolutions, then two linear layers.

    Args:
        data: Images.
        features: Number of features D that leave the encoder.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, C, H, W), its output (N, D).
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        steps = _steps(data.shape)
        layers: list[nn.Module] = []
        inputs = data.shape[0]
        for outputs, step in zip(_channels(len(steps), inputs, width), steps, strict=True):
            stride, padding, size, _ = zip(*step, strict=True)
            layers += [nn.Conv2d(inputs, outputs, 3, stride=stride, padding=padding), nn.ReLU()]
            inputs = outputs
        (hidden,) = scale_widths(width, HIDDEN)
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
    """Maps features to images with values in [0, 1]: the mirror image of `ConvEncoder`.

    Args:
        data: Images.
        features: Number of features D that enter the decoder.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, D), its output (N, C, H, W).
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        steps = _steps(data.shape)
        all_inputs = _channels(len(steps), data.shape[0], width)
        smallest = [side.size for side in steps[-1]]
        (hidden,) = scale_widths(width, HIDDEN)
        layers: list[nn.Module] = [
            nn.Linear(features, hidden),
            nn.ReLU(),
            nn.Linear(hidden, all_inputs[-1] * prod(smallest)),
            nn.ReLU(),
            nn.Unflatten(1, (all_inputs[-1], *smallest)),
        ]
        all_outputs = [data.shape[0], *all_inputs[:-1]]
        for inputs, outputs, step in reversed(
            list(zip(all_inputs, all_outputs, steps, strict=True))
        ):
            stride, padding, _, output_padding = zip(*step, strict=True)
            layers += [
                nn.ConvTranspose2d(
                    inputs,
                    outputs,
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
