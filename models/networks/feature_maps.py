"""Sizes of feature maps that are halved repeatedly, and codes that are flattened maps."""

from math import ceil, log2, prod

MapSize = tuple[int, int]


def feature_map_sizes(shape: tuple[int, ...], smallest: int) -> list[MapSize]:
    """Returns height and width of an image of this shape (C, H, W), and those after each halving.

    The longer side ends with about `smallest` pixels: a value of 4 gives one halving for 8 pixels,
    three for 28 and 32, and four for 64.
    """
    height, width = shape[1:]
    halvings = max(1, round(log2(max(height, width) / smallest)))
    return [(ceil(height / 2**n), ceil(width / 2**n)) for n in range(halvings + 1)]


def code_channels(features: int, size: MapSize) -> int:
    """Returns how many channels a map of this size needs to hold a code.

    Raises:
        ValueError: If the number of features is not a multiple of the pixels of the map.
    """
    if features % prod(size):
        raise ValueError(
            f"latent_dim (={features}) must be a multiple of {prod(size)}, the number of "
            "pixels of the smallest feature map."
        )
    return features // prod(size)
