"""Search spaces of autoencoders. Each function is a space of an entry in the catalog.

A function named `*_published` is the space `published` of a model, with the published network and
training. The first trial has the published values, and other trials vary these values.
"""

from math import prod
from typing import Any

from optuna.trial import BaseTrial

from ..models.autoencoder import Autoencoder
from ..models.data_spec import DataSpec
from ..models.networks import pooled, residual
from ..models.networks.layers import feature_map_sizes
from .shared_ranges import (
    suggest_latent_dim,
    suggest_linear_path,
    suggest_optimizer,
    suggest_published_adam,
    suggest_published_penalties,
    suggest_published_sgd,
    suggest_regularized_adam,
    suggest_width,
)

NETWORKS = ["conv", "dense", "deep", "strided"]
"""The networks that accept a latent code of any length."""


def conv_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests the code length and the penalties of a convolutional autoencoder.

    It also suggests whether to start from principal components, and for color images the width.
    """
    options: dict[str, Any] = {"linear_path": suggest_linear_path(trial)}
    if data.shape[0] > 1:
        options["width"] = suggest_width(trial)
    return _suggest_autoencoder(trial, data, "conv", **options)


def conv_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests the code length and the penalties of the published network, in published ranges."""
    length = suggest_latent_dim(trial, data, most=12)
    return Autoencoder(data, length, **suggest_published_penalties(trial))


def conv_ae_optimizer(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests code length, optimizer, schedule and gradient clipping of the published network."""
    return Autoencoder(data, suggest_latent_dim(trial, data), **suggest_optimizer(trial))


def dense_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests code length and width for one hidden layer each in encoder and decoder.

    It also suggests whether to start from principal components.
    """
    options = {"width": suggest_width(trial), "linear_path": suggest_linear_path(trial)}
    return _suggest_autoencoder(trial, data, "dense", **options)


def dense_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests values near the published ones: a code of length 128, SGD with a high momentum."""
    length = trial.suggest_int("latent_dim", 2, 128, log=True)
    return Autoencoder(data, length, "dense", **suggest_published_sgd(trial))


def deep_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests code length and width for three hidden layers each in encoder and decoder.

    It also suggests whether to start from principal components.
    """
    options = {"width": suggest_width(trial), "linear_path": suggest_linear_path(trial)}
    return _suggest_autoencoder(trial, data, "deep", **options)


def deep_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests values near the published ones: a code of length 6, trained by Adam."""
    length = suggest_latent_dim(trial, data, most=12)
    return Autoencoder(data, length, "deep", **suggest_published_adam(trial))


def pooled_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests the width of a network with pooling layers, and the feature maps of the code.

    It also suggests whether to start from principal components.
    """
    options: dict[str, Any] = {
        "width": suggest_width(trial),
        "linear_path": suggest_linear_path(trial),
    }
    length, adam = _suggest_maps(trial, data), suggest_regularized_adam(trial)
    return Autoencoder(data, length, "pooled", **options, **adam)


def pooled_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests values near the published ones: a code of four maps, SGD with a high momentum."""
    return Autoencoder(data, _suggest_maps(trial, data), "pooled", **suggest_published_sgd(trial))


def strided_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests the width and the code length of the network of strided convolutions.

    It also suggests whether to start from principal components.
    """
    options = {"width": suggest_width(trial), "linear_path": suggest_linear_path(trial)}
    return _suggest_autoencoder(trial, data, "strided", **options)


def strided_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests values near the published ones: a code of length 64, trained by Adam."""
    length = suggest_latent_dim(trial, data)
    return Autoencoder(data, length, "strided", **suggest_published_adam(trial))


def denoising_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests a network and the corruption of its input; the network reconstructs clean items."""
    return _suggest_autoencoder(trial, data, _suggest_network(trial), **_suggest_corruption(trial))


def denoising_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests a network with pooling layers, and noise of about half a standard deviation."""
    noise = trial.suggest_float("corruption_std", 0.1, 1)
    length = _suggest_maps(trial, data)
    sgd = suggest_published_sgd(trial)
    return Autoencoder(data, length, "pooled", corruption_std=noise, **sgd)


def sparse_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests a network, and a penalty that draws code values towards a small value."""
    return _suggest_autoencoder(trial, data, _suggest_network(trial), **_suggest_sparsity(trial))


def sparse_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests the network with pooling layers, and a sparsity penalty with a weight near 0.5."""
    sparsity, length = _suggest_sparsity(trial), _suggest_maps(trial, data)
    return Autoencoder(data, length, "pooled", **sparsity, **suggest_published_sgd(trial))


def sparse_denoising_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests input corruption and a sparsity penalty for the convolutional network."""
    corruption, sparsity = _suggest_corruption(trial), _suggest_sparsity(trial)
    return _suggest_autoencoder(trial, data, "conv", **corruption, **sparsity)


def rae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests the penalties on codes and on the decoder's gradient of a regularized autoencoder.

    Both are weak, so that the reconstruction stays good; densities are then fitted to the codes.
    """
    penalties = {
        "code_norm": trial.suggest_float("code_norm", 1e-6, 1e-2, log=True),
        "gradient_penalty": trial.suggest_float("gradient_penalty", 1e-5, 1e-1, log=True),
    }
    return _suggest_autoencoder(trial, data, "conv", **penalties)


def wae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests the weight with which a Wasserstein autoencoder draws its codes to the prior."""
    mmd = trial.suggest_float("mmd", 1e-4, 1, log=True)
    return _suggest_autoencoder(trial, data, "conv", mmd=mmd)


def residual_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests the noise, the width of residual blocks, and how many feature maps the code has.

    It also suggests whether to start from principal components.
    """
    length = _suggest_maps(trial, data, residual.SMALLEST_SIDE, most=4)
    options: dict[str, Any] = {
        # Without noise it memorizes a few thousand photographs.
        "corruption_std": trial.suggest_float("corruption_std", 0, 0.5),
        "width": suggest_width(trial),
        "linear_path": suggest_linear_path(trial),
    }
    return Autoencoder(data, length, "residual", **options, **suggest_regularized_adam(trial))


def resnet_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Suggests the width of ResNet-18, at most as published, and the feature maps of the code."""
    length = _suggest_maps(trial, data, residual.SMALLEST_SIDE, most=4)
    width = trial.suggest_float("width", 0.125, 1, log=True)
    return Autoencoder(data, length, "resnet", width, **suggest_regularized_adam(trial))


def _suggest_autoencoder(
    trial: BaseTrial, data: DataSpec, network: str, **options: Any
) -> Autoencoder:
    length = suggest_latent_dim(trial, data)
    return Autoencoder(data, length, network, **suggest_regularized_adam(trial), **options)


def _suggest_maps(
    trial: BaseTrial, data: DataSpec, smallest: int = pooled.SMALLEST_SIDE, most: int = 8
) -> int:
    """Suggests the length of a code of 1 to `most` feature maps.

    The longer side of a map has about `smallest` pixels.
    """
    cells = prod(feature_map_sizes(data.shape, smallest)[-1])
    return trial.suggest_int("latent_dim", cells, most * cells, step=cells)


def _suggest_network(trial: BaseTrial) -> str:
    return str(trial.suggest_categorical("network", NETWORKS))


def _suggest_corruption(trial: BaseTrial) -> dict[str, Any]:
    return {
        "corruption_std": trial.suggest_float("corruption_std", 0, 1),
        "corruption_rate": trial.suggest_float("corruption_rate", 0, 0.75),
    }


def _suggest_sparsity(trial: BaseTrial) -> dict[str, Any]:
    return {
        "sparsity": trial.suggest_float("sparsity", 1e-4, 1, log=True),
        "sparse_code": trial.suggest_float("sparse_code", 0, 0.5),
    }
