"""ResNet-18 as an encoder, and a decoder that mirrors it; the latent code is a small map."""

from math import ceil
from typing import NamedTuple

from torch import nn

from ..data_spec import DataSpec
from .layers import MapSize, code_channels, feature_map_sizes, scale_widths
from .standardize import restore_output, standardize_input

STAGE_CHANNELS = (64, 128, 256, 512)
SMALLEST_SIDE = 4


class ResNetEncoder(nn.Sequential):
    """Encodes images (N, C, H, W) by four stages of residual blocks, down to about four pixels.

    Small images are halved in fewer stages than photographs. A 1x1 convolution maps the last
    feature map to the latent code. A mean over the feature map would lose where things are. The
    code length D must be a multiple of the number of pixels of the smallest feature map, which is
    16 for a square image.

    References:
        Deep Residual Learning for Image Recognition (He, Zhang, Ren, Sun, 2016)
    """

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        stem, *stages = _plan_stages(data, width)
        kernel = max(3, 2 * stem.stride - 1)  # no pixel is skipped
        layers: list[nn.Module] = [
            nn.Conv2d(stem.inputs, stem.outputs, kernel, stem.stride, kernel // 2, bias=False),
            nn.BatchNorm2d(stem.outputs),
            nn.ReLU(),
        ]
        for stage in stages:
            layers.append(_make_block(stage.inputs, stage.outputs, stage.stride))
            layers.append(_make_block(stage.outputs, stage.outputs))
        code = nn.Conv2d(stages[-1].outputs, code_channels(features, stages[-1].smaller), 1)
        super().__init__(*standardize_input(data), *layers, code, nn.Flatten())


class ResNetDecoder(nn.Sequential):
    """Decodes features to images; the layers mirror `ResNetEncoder`, with upsampling."""

    def __init__(self, data: DataSpec, features: int, width: float = 1.0) -> None:
        stem, *stages = _plan_stages(data, width)
        channels = code_channels(features, stages[-1].smaller)
        layers: list[nn.Module] = [
            nn.Unflatten(1, (channels, *stages[-1].smaller)),
            nn.Conv2d(channels, stages[-1].outputs, 1),
        ]
        for stage in reversed(stages):
            layers.append(_make_block(stage.outputs, stage.outputs))
            layers += [nn.Upsample(stage.larger)] if stage.stride > 1 else []
            layers.append(_make_block(stage.outputs, stage.inputs))
        layers += [nn.Upsample(stem.larger)] if stem.stride > 1 else []
        image = nn.Conv2d(stem.outputs, stem.inputs, 3, padding=1)
        super().__init__(*layers, image, *restore_output(data))


class _Stage(NamedTuple):
    """Channels and sizes of the feature maps before and after a stage of the encoder."""

    inputs: int
    outputs: int
    stride: int
    larger: MapSize
    smaller: MapSize


def _plan_stages(data: DataSpec, width: float) -> list[_Stage]:
    """Returns the first layers and the four stages, with the sizes of their feature maps.

    If there are few halvings, the last stages do them.
    """
    inputs, *size = data.shape
    halvings = len(feature_map_sizes(data.shape, SMALLEST_SIDE)) - 1
    in_stages = min(halvings, 3)
    strides = [2 ** (halvings - in_stages), 1, *[1] * (3 - in_stages), *[2] * in_stages]
    channels = scale_widths(width, *STAGE_CHANNELS)
    stages, larger = [], (size[0], size[1])
    for outputs, stride in zip([channels[0], *channels], strides, strict=True):
        smaller = (ceil(larger[0] / stride), ceil(larger[1] / stride))
        stages.append(_Stage(inputs, outputs, stride, larger, smaller))
        inputs, larger = outputs, smaller
    return stages


def _make_block(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    from torchvision.models.resnet import BasicBlock

    shortcut = None
    if stride > 1 or inputs != outputs:
        convolution = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        shortcut = nn.Sequential(convolution, nn.BatchNorm2d(outputs))
    block: nn.Module = BasicBlock(inputs, outputs, stride, shortcut)
    return block
