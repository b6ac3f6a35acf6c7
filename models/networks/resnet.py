"""ResNet-18 as an encoder, and its mirror image as a decoder; the code is a small map."""

from math import ceil
from typing import NamedTuple

from torch import nn

from ..data_spec import DataSpec
from .feature_maps import MapSize, code_channels, feature_map_sizes
from .initialization import scale_widths
from .standardize import restore_output, standardize_input

CHANNELS = (64, 128, 256, 512)
SMALLEST = 4


class ResNetEncoder(nn.Sequential):
    """Maps images to features by residual blocks: four stages, down to about four pixels.

    Small images are halved in fewer places than photographs, so that something is left of them.
    The last map becomes the code pixel by pixel; a mean over it would forget where things are.

    Args:
        data: Images.
        features: Number of features D that leave the encoder: a multiple of the cells of the
            smallest map, 16 of a square image.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, C, H, W), its output (N, D).

    References:
        Deep Residual Learning for Image Recognition (He, Zhang, Ren, Sun, 2016)
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        first, *stages = _stages(data, width)
        kernel = max(3, 2 * first.stride - 1)  # every pixel is to be seen
        layers: list[nn.Module] = [
            nn.Conv2d(first.inputs, first.outputs, kernel, first.stride, kernel // 2, bias=False),
            nn.BatchNorm2d(first.outputs),
            nn.ReLU(),
        ]
        for stage in stages:
            layers += [
                _block(stage.inputs, stage.outputs, stage.stride),
                _block(stage.outputs, stage.outputs),
            ]
        code = nn.Conv2d(stages[-1].outputs, code_channels(features, stages[-1].smaller), 1)
        super().__init__(*standardize_input(data), *layers, code, nn.Flatten())


class ResNetDecoder(nn.Sequential):
    """Maps features to images: the mirror image of `ResNetEncoder`, each pixel repeated.

    Args:
        data: Images.
        features: Number of features D that enter the decoder: likewise.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, D), its output (N, C, H, W).
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        first, *stages = _stages(data, width)
        channels = code_channels(features, stages[-1].smaller)
        layers: list[nn.Module] = [
            nn.Unflatten(1, (channels, *stages[-1].smaller)),
            nn.Conv2d(channels, stages[-1].outputs, 1),
        ]
        for stage in reversed(stages):
            layers += [_block(stage.outputs, stage.outputs)]
            layers += [nn.Upsample(stage.larger)] if stage.stride > 1 else []
            layers += [_block(stage.outputs, stage.inputs)]
        layers += [nn.Upsample(first.larger)] if first.stride > 1 else []
        image = nn.Conv2d(first.outputs, first.inputs, 3, padding=1)
        super().__init__(*layers, image, *restore_output(data))


class _Stage(NamedTuple):
    """What a stage does to channels and sizes; a decoder goes the other way."""

    inputs: int
    outputs: int
    stride: int
    larger: MapSize
    smaller: MapSize


def _stages(data: DataSpec, width: float) -> list[_Stage]:
    """Returns what the stem and the four stages do; the last of them halve first."""
    colors, height, width_px = data.shape
    halvings = len(feature_map_sizes(data.shape, SMALLEST)) - 1
    later = min(halvings, 3)
    strides = [2 ** (halvings - later), 1, *[1] * (3 - later), *[2] * later]
    channels = scale_widths(width, *CHANNELS)
    all_outputs = [channels[0], *channels]
    stages, inputs, larger = [], colors, (height, width_px)
    for outputs, stride in zip(all_outputs, strides, strict=True):
        smaller = (ceil(larger[0] / stride), ceil(larger[1] / stride))
        stages.append(_Stage(inputs, outputs, stride, larger, smaller))
        inputs, larger = outputs, smaller
    return stages


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    from torchvision.models.resnet import BasicBlock

    shortcut = None
    if stride > 1 or inputs != outputs:
        convolution = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        shortcut = nn.Sequential(convolution, nn.BatchNorm2d(outputs))
    block: nn.Module = BasicBlock(inputs, outputs, stride, shortcut)
    return block
