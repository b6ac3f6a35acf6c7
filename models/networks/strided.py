"""Encoder of strided convolutions, and its decoder.

The kernel of the last convolution is as large as its input.
"""

from itertools import pairwise

from torch import nn

from ..data_spec import DataSpec
from .layers import feature_map_sizes, init_weights, scale_widths
from .standardize import standardize_input

CHANNELS = 16
SMALLEST_SIDE = 7


class StridedEncoder(nn.Sequential):
    """Encodes images (N, C, H, W) by strided convolutions down to about 7 pixels.

    One more convolution maps these pixels to the latent code.
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        channels = _layer_channels(data, width)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(channels):
            layers += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.ReLU()]
        code = nn.Conv2d(channels[-1], features, feature_map_sizes(data.shape, SMALLEST_SIDE)[-1])
        super().__init__(*standardize_input(data), *layers, code, nn.Flatten())
        init_weights(self)


class StridedDecoder(nn.Sequential):
    """Decodes features to images with values in [0, 1]; the layers mirror `StridedEncoder`."""

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        smallest, *larger = reversed(feature_map_sizes(data.shape, SMALLEST_SIDE))
        channels = _layer_channels(data, width)[::-1]
        layers: list[nn.Module] = [
            nn.Unflatten(1, (features, 1, 1)),
            nn.ConvTranspose2d(features, channels[0], smallest),
        ]
        for (inputs, outputs), size in zip(pairwise(channels), larger, strict=True):
            # A stride of 2 maps two sizes to one; the padding restores the right one.
            even = (1 - size[0] % 2, 1 - size[1] % 2)
            layers.append(nn.ReLU())
            layers.append(
                nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=even)
            )
        super().__init__(*layers, nn.Sigmoid())
        init_weights(self)


def _layer_channels(data: DataSpec, width: float) -> list[int]:
    """Returns the number of channels of the image, and after each halving: 1, 16, 32."""
    halvings = len(feature_map_sizes(data.shape, SMALLEST_SIDE)) - 1
    return [data.shape[0], *scale_widths(width, *(CHANNELS << n for n in range(halvings)))]
