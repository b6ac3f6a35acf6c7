"""Sizes of feature maps and layers, and initialization of weights."""

from math import ceil, log2, prod

from torch import nn

MapSize = tuple[int, int]
WEIGHT_LAYERS = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


def feature_map_sizes(shape: tuple[int, ...], smallest: int) -> list[MapSize]:
    """Returns (height, width) of an image, and of its feature map after each halving.

    `shape` is (C, H, W). The longer side ends with about `smallest` pixels. If `smallest` is 4, a
    side of 8 pixels is halved once, a side of 28 or 32 three times, and a side of 64 four times.
    """
    height, width = shape[1:]
    halvings = max(1, round(log2(max(height, width) / smallest)))
    return [(ceil(height / 2**n), ceil(width / 2**n)) for n in range(halvings + 1)]


def code_channels(features: int, size: MapSize) -> int:
    """Returns how many channels a feature map of `size` needs to hold `features` values.

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
    """Returns published layer sizes multiplied by `width`; each is at least 1."""
    return tuple(max(1, round(width * size)) for size in sizes)


def init_weights(network: nn.Module, last_gain: float = 1.0) -> None:
    """Sets random weights that keep the variance of signals through ReLU layers; biases become 0.

    PyTorch's default initialization shrinks signals in each layer. A deep autoencoder then needs
    hundreds of steps to learn the mean image.

    Args:
        network: The network, whose weights are changed in place.
        last_gain: Factor that multiplies the weights of the last layer. If the output is
            unbounded, use a factor below 1, so that the output starts near 0. Otherwise, large
            first errors kill ReLU units.

    References:
        Delving Deep into Rectifiers (He, Zhang, Ren, Sun, 2015)
    """
    layers = [layer for layer in network.modules() if isinstance(layer, WEIGHT_LAYERS)]
    for layer in layers:
        fan_in: float = layer.weight[0].numel()
        if isinstance(layer, nn.ConvTranspose2d):  # an output pixel sees inputs one stride apart
            fan_in = layer.in_channels * prod(layer.kernel_size) / prod(layer.stride)
        gain = last_gain if layer is layers[-1] else 1.0
        nn.init.normal_(layer.weight, std=gain * (2 / fan_in) ** 0.5)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
