"""The generator and the discriminator of a DCGAN."""

from itertools import pairwise
from math import ceil, prod

from torch import nn

from ..data_spec import DataSpec
from .layers import scale_widths

BATCH_NORM_EPS = 0.8
NEGATIVE_SLOPE = 0.2
DROPOUT = 0.25
SMALLEST_SIDE = 2  # pixels of a side that is halved no further: a map of one pixel learned nothing
GENERATOR_CHANNELS = (128, 128, 64)
DISCRIMINATOR_CHANNELS = (16, 32, 64, 128)


class Generator(nn.Sequential):
    """Decodes latent codes (N, latent_dim) to images with values in [0, 1].

    A linear layer makes a small feature map, which is doubled in size twice.

    References:
        Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
        Networks (Radford, Metz, Chintala, 2016)
    """

    def __init__(self, data: DataSpec, latent_dim: int, width: float = 1.0) -> None:
        colors, *size = data.shape
        first, *channels = scale_widths(width, *GENERATOR_CHANNELS)
        quarter, half = ([ceil(side / n) for side in size] for n in (4, 2))
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, first * prod(quarter)),
            nn.Unflatten(1, (first, *quarter)),
            nn.BatchNorm2d(first),
        ]
        for (inputs, outputs), doubled in zip(
            pairwise([first, *channels]), (half, size), strict=True
        ):
            layers += [
                nn.Upsample(tuple(doubled)),
                nn.Conv2d(inputs, outputs, 3, padding=1),
                nn.BatchNorm2d(outputs, BATCH_NORM_EPS),
                nn.LeakyReLU(NEGATIVE_SLOPE),
            ]
        super().__init__(*layers, nn.Conv2d(channels[-1], colors, 3, padding=1), nn.Sigmoid())


class Discriminator(nn.Sequential):
    """Maps images (N, C, H, W) of any size to logits (N, 1); a high logit means a real image.

    Strided convolutions halve the sides until two pixels are left. A linear layer follows.
    """

    def __init__(self, data: DataSpec, width: float = 1.0) -> None:
        colors, *size = data.shape
        layers: list[nn.Module] = []
        channels = [colors, *scale_widths(width, *DISCRIMINATOR_CHANNELS)]
        for depth, (inputs, outputs) in enumerate(pairwise(channels)):
            strides = [2 if side > SMALLEST_SIDE else 1 for side in size]
            layers += [
                nn.Conv2d(inputs, outputs, 3, (strides[0], strides[1]), padding=1),
                nn.LeakyReLU(NEGATIVE_SLOPE),
                nn.Dropout2d(DROPOUT),
            ]
            layers += [nn.BatchNorm2d(outputs, BATCH_NORM_EPS)] if depth else []
            size = [ceil(side / stride) for side, stride in zip(size, strides, strict=True)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(channels[-1] * prod(size), 1))
