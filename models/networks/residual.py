"""ResNet-18 as an encoder, and its mirror image as a decoder; the code is a small map."""

from math import ceil, log2, prod
from typing import NamedTuple

from torch import nn

from ..data_spec import DataSpec
from .standardise import restored, standardised
from .weights import scaled

CHANNELS = (64, 128, 256, 512)
SMALLEST = 4
MOST_HALVINGS = 5

Size = tuple[int, int]


class ResidualEncoder(nn.Sequential):
    """Maps images to features by residual blocks: four stages, down to about four pixels.

    Small images are halved in fewer places than photographs, so that something is left of them.
    The last map becomes the code pixel by pixel. A mean over it would forget where things are,
    and a linear layer in its place has so many weights that it learns few photographs by heart.

    Args:
        data: Images.
        features: Number of features D that leave the encoder: a multiple of `map_cells`.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, C, H, W), its output (N, D).

    References:
        Deep Residual Learning for Image Recognition (He, Zhang, Ren, Sun, 2016)
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        first, *stages = _stages(data, width)
        kernel = 3 if first.stride < 3 else 7  # every pixel is to be seen
        layers: list[nn.Module] = [
            nn.Conv2d(first.before, first.after, kernel, first.stride, kernel // 2, bias=False),
            nn.BatchNorm2d(first.after),
            nn.ReLU(),
        ]
        for stage in stages:
            layers += [
                _block(stage.before, stage.after, stage.stride),
                _block(stage.after, stage.after),
            ]
        code = nn.Conv2d(stages[-1].after, code_channels(data, features), 1)
        super().__init__(*standardised(data), *layers, code, nn.Flatten())


class ResidualDecoder(nn.Sequential):
    """Maps features to images: the mirror image of `ResidualEncoder`, each pixel repeated.

    Args:
        data: Images.
        features: Number of features D that enter the decoder: a multiple of `map_cells`.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, D), its output (N, C, H, W).
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        first, *stages = _stages(data, width)
        channels = code_channels(data, features)
        layers: list[nn.Module] = [
            nn.Unflatten(1, (channels, *stages[-1].smaller)),
            nn.Conv2d(channels, stages[-1].after, 1),
        ]
        for stage in reversed(stages):
            layers += [_block(stage.after, stage.after)]
            layers += [nn.Upsample(stage.larger)] if stage.stride > 1 else []
            layers += [_block(stage.after, stage.before)]
        layers += [nn.Upsample(first.larger)] if first.stride > 1 else []
        image = nn.Conv2d(first.after, first.before, 3, padding=1)
        super().__init__(*layers, image, *restored(data))


class _Stage(NamedTuple):
    """What a stage does to channels and sizes; a decoder goes the other way."""

    before: int
    after: int
    stride: int
    larger: Size
    smaller: Size


def map_cells(shape: tuple[int, ...]) -> int:
    """Returns how many cells the smallest map has, of which a code holds whole channels."""
    return prod(_stages(DataSpec(shape), 1)[-1].smaller)


def code_channels(data: DataSpec, features: int) -> int:
    """Returns how many channels of the smallest map a code has.

    Raises:
        ValueError: If the features are no whole number of maps.
    """
    size = map_cells(data.shape)
    if features % size:
        raise ValueError(
            f"latent_dim (={features}) of a residual network must be a multiple of {size}, the "
            "cells of its smallest map."
        )
    return features // size


def _stages(data: DataSpec, width: float) -> list[_Stage]:
    """Returns what the stem and the four stages do; the last of them halve first."""
    colours, height, wide = data.shape
    halvings = min(MOST_HALVINGS, max(1, round(log2(max(height, wide) / SMALLEST))))
    later = min(halvings, 3)
    strides = [2 ** (halvings - later), 1, *[1] * (3 - later), *[2] * later]
    channels = scaled(width, *CHANNELS)
    afters = [channels[0], *channels]
    stages, before, larger = [], colours, (height, wide)
    for after, stride in zip(afters, strides, strict=True):
        smaller = (ceil(larger[0] / stride), ceil(larger[1] / stride))
        stages.append(_Stage(before, after, stride, larger, smaller))
        before, larger = after, smaller
    return stages


def _block(before: int, after: int, stride: int = 1) -> nn.Module:
    from torchvision.models.resnet import BasicBlock

    shortcut = None
    if stride > 1 or before != after:
        convolution = nn.Conv2d(before, after, 1, stride, bias=False)
        shortcut = nn.Sequential(convolution, nn.BatchNorm2d(after))
    block: nn.Module = BasicBlock(before, after, stride, shortcut)
    return block
