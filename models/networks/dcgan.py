"""DCGAN: a generator that draws images by upsampling, and the discriminator that judges them."""

from itertools import pairwise
from math import ceil, prod

from torch import nn

from ..data_spec import DataSpec
from .initialization import scale_widths

BATCH_NORM_EPS = 0.8
NEGATIVE_SLOPE = 0.2
DROPOUT = 0.25
SMALLEST = 2  # pixels of a side, which are halved no more: of one alone, nothing was learnt
GENERATOR = (128, 128, 64)
DISCRIMINATOR = (16, 32, 64, 128)


class Generator(nn.Sequential):
    """Maps codes to images with values in [0, 1]: a small map, doubled twice.

    Args:
        data: Images of any size.
        latent_dim: Length of a code D.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, D), its output (N, C, H, W).

    References:
        Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
        Networks (Radford, Metz, Chintala, 2016)
    """

    def __init__(self, data: DataSpec, latent_dim: int, width: float = 1.0) -> None:
        colors, *whole = data.shape
        first, *channels = scale_widths(width, *GENERATOR)
        quarter, half = ([ceil(side / n) for side in whole] for n in (4, 2))
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, first * prod(quarter)),
            nn.Unflatten(1, (first, *quarter)),
            nn.BatchNorm2d(first),
        ]
        for (inputs, outputs), size in zip(
            pairwise([first, *channels]), (half, whole), strict=True
        ):
            layers += [
                nn.Upsample(tuple(size)),
                nn.Conv2d(inputs, outputs, 3, padding=1),
                nn.BatchNorm2d(outputs, BATCH_NORM_EPS),
                nn.LeakyReLU(NEGATIVE_SLOPE),
            ]
        super().__init__(*layers, nn.Conv2d(channels[-1], colors, 3, padding=1), nn.Sigmoid())


class Discriminator(nn.Sequential):
    """Maps images to logits that they are real: strided convolutions and a linear layer.

    A map of two pixels is not made smaller, so that small images go through fewer strides.

    Args:
        data: Images of any size.
        width: How many times the published number of channels each layer has.

    Its input has shape (N, C, H, W), its output (N, 1).
    """

    def __init__(self, data: DataSpec, width: float = 1.0) -> None:
        colors, *size = data.shape
        layers: list[nn.Module] = []
        channels = [colors, *scale_widths(width, *DISCRIMINATOR)]
        for depth, (inputs, outputs) in enumerate(pairwise(channels)):
            down, across = (2 if side > SMALLEST else 1 for side in size)
            layers += [
                nn.Conv2d(inputs, outputs, 3, (down, across), padding=1),
                nn.LeakyReLU(NEGATIVE_SLOPE),
                nn.Dropout2d(DROPOUT),
            ]
            layers += [nn.BatchNorm2d(outputs, BATCH_NORM_EPS)] if depth else []
            size = [ceil(size[0] / down), ceil(size[1] / across)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(channels[-1] * prod(size), 1))
