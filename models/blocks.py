"""The encoders and decoders that the image families share."""

from math import log2, prod
from typing import NamedTuple

from torch import nn

Shape = tuple[int, int, int]


CHANNELS = 32
HIDDEN = 64
WIDTH = 512
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


def _steps(input_shape: Shape) -> list[tuple[_Step, _Step]]:
    """Returns what each layer does to height and width: halve them until about 4 pixels remain.

    That is one layer for 8 pixels, three for 28 and 32, four for 64.
    """
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise ValueError(
            f"input_shape (={tuple(input_shape)}) must be (channels, height, width), all positive."
        )
    sides = []
    for side in input_shape[1:]:
        layers = max(1, round(log2(side / SMALLEST)))
        steps = [_halve(side, last=layers == 1)]
        while len(steps) < layers:
            steps.append(_halve(steps[-1].size, last=len(steps) == layers - 1))
        sides.append(steps)
    depth = max(map(len, sides))
    for steps in sides:  # the shorter side waits for the longer one
        steps += [_Step(1, 1, steps[-1].size, 0)] * (depth - len(steps))
    return list(zip(*sides, strict=True))


def _channels(layers: int, colours: int) -> list[int]:
    """Returns the channels behind each layer: 8, 16, 32 for three and gray images, as published.

    Fewer layers have the last of these; more go on doubling. Colours need twice as many.
    """
    last = CHANNELS if colours == 1 else 2 * CHANNELS
    first = last >> (min(layers, 3) - 1)
    return [first << layer for layer in range(layers)]


def draw_weights(network: nn.Module) -> None:
    """Draws weights so that signals keep their variance through ReLU layers; biases become 0.

    PyTorch's own initialisation shrinks them layer by layer, until a deep autoencoder spends its
    first hundreds of steps on drawing the mean image.

    References:
        Delving Deep into Rectifiers (He, Zhang, Ren, Sun, 2015)
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            fan_in: float = layer.weight[0].numel()
            if isinstance(layer, nn.ConvTranspose2d):  # a pixel sees the inputs a stride apart
                fan_in = layer.in_channels * prod(layer.kernel_size) / prod(layer.stride)
            nn.init.normal_(layer.weight, std=(2 / fan_in) ** 0.5)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


class ConvEncoder(nn.Sequential):
    """Maps images to features: strided convolutions, then two linear layers.

    Args:
        input_shape: Shape of one image, (C, H, W).
        features: Number of features D that leave the encoder.

    Its input has shape (N, C, H, W), its output (N, D).
    """

    def __init__(self, input_shape: Shape, features: int) -> None:
        steps = _steps(input_shape)
        layers: list[nn.Module] = []
        before = input_shape[0]
        for after, step in zip(_channels(len(steps), before), steps, strict=True):
            stride, padding, size, _ = zip(*step, strict=True)
            layers += [nn.Conv2d(before, after, 3, stride=stride, padding=padding), nn.ReLU()]
            before = after
        flat = before * prod(size)
        super().__init__(
            *layers,
            nn.Flatten(),
            nn.Linear(flat, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, features),
        )
        draw_weights(self)


class ConvDecoder(nn.Sequential):
    """Maps features to images with values in [0, 1]: the mirror image of `ConvEncoder`.

    Args:
        input_shape: Shape of one image, (C, H, W).
        features: Number of features D that enter the decoder.

    Its input has shape (N, D), its output (N, C, H, W).
    """

    def __init__(self, input_shape: Shape, features: int) -> None:
        steps = _steps(input_shape)
        befores = _channels(len(steps), input_shape[0])
        smallest = [side.size for side in steps[-1]]
        layers: list[nn.Module] = [
            nn.Linear(features, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, befores[-1] * prod(smallest)),
            nn.ReLU(),
            nn.Unflatten(1, (befores[-1], *smallest)),
        ]
        afters = [input_shape[0], *befores[:-1]]
        for before, after, step in reversed(list(zip(befores, afters, steps, strict=True))):
            stride, padding, _, output_padding = zip(*step, strict=True)
            layers += [
                nn.ConvTranspose2d(
                    before,
                    after,
                    3,
                    stride=stride,
                    padding=padding,
                    output_padding=output_padding,
                ),
                nn.ReLU(),
            ]
        layers[-1] = nn.Sigmoid()
        super().__init__(*layers)
        draw_weights(self)


class DenseEncoder(nn.Sequential):
    """Maps images to features: two linear layers.

    Args:
        input_shape: Shape of one image, (C, H, W).
        features: Number of features D that leave the encoder.

    Its input has shape (N, C, H, W), its output (N, D).
    """

    def __init__(self, input_shape: Shape, features: int) -> None:
        super().__init__(
            nn.Flatten(),
            nn.Linear(prod(input_shape), WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, features),
        )
        draw_weights(self)


class DenseDecoder(nn.Sequential):
    """Maps features to images with values in [0, 1]: three linear layers.

    Args:
        input_shape: Shape of one image, (C, H, W).
        features: Number of features D that enter the decoder.

    Its input has shape (N, D), its output (N, C, H, W).
    """

    def __init__(self, input_shape: Shape, features: int) -> None:
        super().__init__(
            nn.Linear(features, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, prod(input_shape)),
            nn.Sigmoid(),
            nn.Unflatten(1, input_shape),
        )
        draw_weights(self)
