"""Sizes of feature maps and layers, and initial weights."""

from math import ceil, log2, prod

from torch import nn

MapSize = tuple[int, int]
LAYERS = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


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


def scale_widths(width: float, *sizes: int) -> tuple[int, ...]:
    """Returns published layer sizes times the factor `width`, each at least 1."""
    return tuple(max(1, round(width * size)) for size in sizes)


def init_weights(network: nn.Module, last_gain: float = 1.0) -> None:
    """Draws weights that preserve the variance of signals through ReLU layers, and zeroes biases.

    PyTorch's default initialization shrinks signals layer by layer, so that a deep autoencoder
    spends hundreds of steps on learning the mean image.

    Args:
        network: The network. Its weights are changed in place.
        last_gain: Factor for the weights of the last layer. A layer with unbounded output starts
            near zero with a gain below 1; otherwise its large first errors kill ReLU units.

    References:
        Delving Deep into Rectifiers (He, Zhang, Ren, Sun, 2015)
    """
    layers = [layer for layer in network.modules() if isinstance(layer, LAYERS)]
    for layer in layers:
        fan_in: float = layer.weight[0].numel()
        if isinstance(layer, nn.ConvTranspose2d):  # an output pixel sees inputs one stride apart
            fan_in = layer.in_channels * prod(layer.kernel_size) / prod(layer.stride)
        gain = last_gain if layer is layers[-1] else 1.0
        nn.init.normal_(layer.weight, std=gain * (2 / fan_in) ** 0.5)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
