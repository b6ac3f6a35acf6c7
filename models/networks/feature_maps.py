"""The sizes of maps that are halved again and again, and codes that are maps."""

from math import ceil, log2, prod

MapSize = tuple[int, int]


def feature_map_sizes(shape: tuple[int, ...], smallest: int) -> list[MapSize]:
    """Returns height and width of an image, and after each halving, down to about a size.

    Args:
        shape: Shape of an image, (C, H, W).
        smallest: About how many pixels the longer side shall have in the end; of 4, that is one
            halving for 8 pixels, three for 28 and 32, four for 64.
    """
    height, width = shape[1:]
    halvings = max(1, round(log2(max(height, width) / smallest)))
    return [(ceil(height / 2**n), ceil(width / 2**n)) for n in range(halvings + 1)]


def code_channels(features: int, size: MapSize) -> int:
    """Returns how many channels a map has, of which a code is made.

    Raises:
        ValueError: If the features are no whole number of channels.
    """
    if features % prod(size):
        raise ValueError(
            f"latent_dim (={features}) must be a multiple of {prod(size)}, the cells of the "
            "smallest map of this network."
        )
    return features // prod(size)
