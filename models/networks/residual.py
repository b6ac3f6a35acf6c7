"""Encoder of convolutions and residual blocks, and its decoder; the latent code is a small map."""

from itertools import pairwise

from torch import Tensor, nn

from ..data_spec import DataSpec
from .layers import code_channels, feature_map_sizes, scale_widths
from .standardize import restore_output, standardize_input

CHANNELS = (32, 64)
SMALLEST_SIDE = 4
BRANCH_GAIN = 0.1


class Residual(nn.Module):
    """A residual block: adds the output of two convolutions to its input (N, channels, H, W).

    The last convolution starts with small weights, so that the block at first changes little.

    References:
        Identity Mappings in Deep Residual Networks (He, Zhang, Ren, Sun, 2016)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        last = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.normal_(last.weight, std=BRANCH_GAIN * (9 * channels) ** -0.5)
        self.branch = nn.Sequential(
            nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), last
        )

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.branch(x)
        return x + branch


class ResidualEncoder(nn.Sequential):
    """Encodes images (N, C, H, W) by strided convolutions, each followed by a residual block.

    A 1x1 convolution maps the last feature map to the latent code. A linear layer would have more
    weights, and would memorize a few thousand photographs. The code length D must be a multiple of
    the number of pixels of the smallest feature map, which is 16 for a square image.
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        layers: list[nn.Module] = []
        channels = _layer_channels(data, width)
        for inputs, outputs in pairwise(channels):
            layers += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), Residual(outputs)]
        maps = code_channels(features, feature_map_sizes(data.shape, SMALLEST_SIDE)[-1])
        code = nn.Conv2d(channels[-1], maps, 1)
        super().__init__(*standardize_input(data), *layers, nn.ReLU(), code, nn.Flatten())


class ResidualDecoder(nn.Sequential):
    """Decodes features to images; the layers mirror `ResidualEncoder`, with upsampling."""

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        smallest, *larger = reversed(feature_map_sizes(data.shape, SMALLEST_SIDE))
        colors, *channels = _layer_channels(data, width)
        maps = code_channels(features, smallest)
        layers: list[nn.Module] = [nn.Unflatten(1, (maps, *smallest))]
        pairs = pairwise([maps, *reversed(channels)])
        for (inputs, outputs), size in zip(pairs, larger, strict=True):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), Residual(outputs)]
            layers.append(nn.Upsample(size))
        layers += [nn.Conv2d(channels[0], channels[0], 3, padding=1), nn.ReLU()]
        image = nn.Conv2d(channels[0], colors, 3, padding=1)
        super().__init__(*layers, image, *restore_output(data))


def _layer_channels(data: DataSpec, width: float) -> list[int]:
    """Returns the number of channels of the image, and after each halving: 3, 32, 64, 64."""
    first, later = scale_widths(width, *CHANNELS)
    halvings = len(feature_map_sizes(data.shape, SMALLEST_SIDE)) - 1
    return [data.shape[0], first, *[later] * (halvings - 1)]
