"""The encoders and decoders that the image families share."""

from math import prod
from typing import NamedTuple

from torch import nn

Shape = tuple[int, int, int]


CHANNELS = (8, 16, 32)
HIDDEN = 64
WIDTH = 512


class _Halving(NamedTuple):
    """The geometry of one 3x3 convolution with stride 2, and of the transposed one that undoes it.

    A stride of 2 maps two sizes to one: `output_padding` tells the transposed layer which it was.
    """

    padding: tuple[int, int]
    size: tuple[int, int]
    output_padding: tuple[int, int]


def _halve(side: int, pad: bool) -> tuple[int, int, int]:
    padding = int(pad or side < 3)
    halved = (side + 2 * padding - 3) // 2 + 1
    return padding, halved, side - (2 * (halved - 1) - 2 * padding + 3)


def _halvings(input_shape: Shape) -> list[_Halving]:
    """Returns the geometry of the three layers.

    The first two pad by 1. The last does not, unless the image has become too small for it, as
    8x8 digits do.
    """
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise ValueError(
            f"input_shape (={tuple(input_shape)}) must be (channels, height, width), all positive."
        )
    height, width = input_shape[1:]
    halvings = []
    for pad in (True, True, False):
        (ph, height, oh), (pw, width, ow) = _halve(height, pad), _halve(width, pad)
        halvings.append(_Halving((ph, pw), (height, width), (oh, ow)))
    return halvings


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
    """Maps images to features: three strided convolutions, then two linear layers.

    Args:
        input_shape: Shape of one image, (C, H, W).
        features: Number of features D that leave the encoder.

    Its input has shape (N, C, H, W), its output (N, D).
    """

    def __init__(self, input_shape: Shape, features: int) -> None:
        halvings = _halvings(input_shape)
        layers: list[nn.Module] = []
        before = input_shape[0]
        for after, halving in zip(CHANNELS, halvings, strict=True):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=halving.padding), nn.ReLU()]
            before = after
        flat = before * prod(halvings[-1].size)
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
        halvings = _halvings(input_shape)
        smallest = halvings[-1].size
        layers: list[nn.Module] = [
            nn.Linear(features, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, CHANNELS[-1] * prod(smallest)),
            nn.ReLU(),
            nn.Unflatten(1, (CHANNELS[-1], *smallest)),
        ]
        afters = (input_shape[0], *CHANNELS[:-1])
        for before, after, halving in reversed(list(zip(CHANNELS, afters, halvings, strict=True))):
            layers += [
                nn.ConvTranspose2d(
                    before,
                    after,
                    3,
                    stride=2,
                    padding=halving.padding,
                    output_padding=halving.output_padding,
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
