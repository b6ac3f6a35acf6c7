"""How layers begin: weights that keep the variance of signals, and widths that scale."""

from math import prod

from torch import nn

LAYERS = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


def scale_widths(width: float, *sizes: int) -> tuple[int, ...]:
    """Returns the published sizes of layers times a factor, at least 1 each."""
    return tuple(max(1, round(width * size)) for size in sizes)


def init_weights(network: nn.Module, last_gain: float = 1.0) -> None:
    """Draws weights so that signals keep their variance through ReLU layers; biases become 0.

    PyTorch's own initialisation shrinks them layer by layer, until a deep autoencoder spends its
    first hundreds of steps on drawing the mean image.

    Args:
        network: The layers.
        last_gain: Factor of the last one. Less than 1 lets a layer without bounds begin near zero;
            else its first large errors drive units into a corner from which they do not return.

    References:
        Delving Deep into Rectifiers (He, Zhang, Ren, Sun, 2015)
    """
    layers = [layer for layer in network.modules() if isinstance(layer, LAYERS)]
    for layer in layers:
        fan_in: float = layer.weight[0].numel()
        if isinstance(layer, nn.ConvTranspose2d):  # a pixel sees the inputs a stride apart
            fan_in = layer.in_channels * prod(layer.kernel_size) / prod(layer.stride)
        gain = last_gain if layer is layers[-1] else 1.0
        nn.init.normal_(layer.weight, std=gain * (2 / fan_in) ** 0.5)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
