"""Convolutions and residual blocks alone; the code is a small map."""

from itertools import pairwise

from torch import Tensor, nn

from ..data_spec import DataSpec
from .feature_maps import code_channels, feature_map_sizes
from .initialization import scale_widths
from .standardize import restore_output, standardize_input

CHANNELS = (32, 64)
SMALLEST = 4
BRANCH_GAIN = 0.1


class Residual(nn.Module):
    """Adds to a map what two convolutions make of it; at first, that is little.

    Args:
        channels: Channels of the map.

    Its input and output have shape (N, channels, H, W).

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
    """Maps images to features: strided convolutions, each before a residual block.

    The last map becomes the code pixel by pixel: a linear layer in its place has so many weights
    that it learns a few thousand photographs by heart.

    Args:
        data: Images.
        features: Number of features D that leave the encoder: a multiple of the cells of the
            smallest map, 16 of a square image.
        width: How many times the usual number of channels each layer has.

    Its input has shape (N, C, H, W), its output (N, D).
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        layers: list[nn.Module] = []
        channels = _channels(data, width)
        for inputs, outputs in pairwise(channels):
            layers += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), Residual(outputs)]
        maps = code_channels(features, feature_map_sizes(data.shape, SMALLEST)[-1])
        code = nn.Conv2d(channels[-1], maps, 1)
        super().__init__(*standardize_input(data), *layers, nn.ReLU(), code, nn.Flatten())


class ResidualDecoder(nn.Sequential):
    """Maps features to images: the mirror image of `ResidualEncoder`, each pixel repeated.

    Args:
        data: Images.
        features: Number of features D that enter the decoder, likewise.
        width: How many times the usual number of channels each layer has.

    Its input has shape (N, D), its output (N, C, H, W).
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        smallest, *larger = reversed(feature_map_sizes(data.shape, SMALLEST))
        colors, *channels = _channels(data, width)
        maps = code_channels(features, smallest)
        layers: list[nn.Module] = [nn.Unflatten(1, (maps, *smallest))]
        steps = pairwise([maps, *reversed(channels)])
        for (inputs, outputs), size in zip(steps, larger, strict=True):
            layers += [
                nn.Conv2d(inputs, outputs, 3, padding=1),
                Residual(outputs),
                nn.Upsample(size),
            ]
        layers += [nn.Conv2d(channels[0], channels[0], 3, padding=1), nn.ReLU()]
        image = nn.Conv2d(channels[0], colors, 3, padding=1)
        super().__init__(*layers, image, *restore_output(data))


def _channels(data: DataSpec, width: float) -> list[int]:
    """Returns the channels of the image and behind each halving: 3, 32, 64, 64."""
    first, later = scale_widths(width, *CHANNELS)
    halvings = len(feature_map_sizes(data.shape, SMALLEST)) - 1
    return [data.shape[0], first, *[later] * (halvings - 1)]
