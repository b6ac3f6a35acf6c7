"""The convolutional encoder and decoder that the image families share."""

from math import prod

from torch import Tensor, nn

Shape = tuple[int, int, int]

__all__ = ["ConvDecoder", "ConvEncoder", "Shape"]

CHANNELS = (8, 16, 32)
HIDDEN = 64


class _Halving:
    """The geometry of one 3x3 convolution with stride 2, and of the transposed one that undoes it.

    The first two layers pad by 1. The last does not, as long as the image is at least three
    pixels wide or high there; smaller images are padded, so that 8x8 digits fit too.
    """

    def __init__(self, size: tuple[int, int], pad: bool) -> None:
        self.padding = tuple(int(pad or side < 3) for side in size)
        self.size = tuple((s + 2 * p - 3) // 2 + 1 for s, p in zip(size, self.padding, strict=True))
        # A stride of 2 maps two sizes to one: the transposed layer must be told which it was.
        self.output_padding = tuple(
            s - ((out - 1) * 2 - 2 * p + 3)
            for s, out, p in zip(size, self.size, self.padding, strict=True)
        )


def _halvings(input_shape: Shape) -> list[_Halving]:
    if len(input_shape) != 3 or min(input_shape) < 1:
        raise ValueError(
            f"input_shape (={tuple(input_shape)}) must be (channels, height, width), all positive."
        )
    size = (input_shape[1], input_shape[2])
    halvings: list[_Halving] = []
    for pad in (True, True, False):
        halvings.append(_Halving(size, pad))
        size = (halvings[-1].size[0], halvings[-1].size[1])
    return halvings


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
