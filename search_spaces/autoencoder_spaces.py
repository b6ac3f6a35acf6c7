"""Search spaces of autoencoders, one function for each row of the catalog.

The space `published` of a row has the published network and training; its first trial has the
published values, and the others vary them.
"""

from math import prod
from typing import Any

from optuna.trial import BaseTrial

from ..models.autoencoder import Autoencoder
from ..models.data_spec import DataSpec
from ..models.networks import pooled, residual
from ..models.networks.feature_maps import feature_map_sizes
from .shared_ranges import (
    suggest_latent_dim,
    suggest_optimizer,
    suggest_published_adam,
    suggest_published_penalties,
    suggest_published_sgd,
    suggest_regularized_adam,
    suggest_width,
)

NETWORKS = ["conv", "dense", "deep", "strided"]
"""The networks that accept a code of any length."""


def conv_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Convolutions and linear layers; the width varies for color images."""
    options: dict[str, Any] = {} if data.shape[0] == 1 else {"width": suggest_width(trial)}
    return _autoencoder(trial, data, "conv", **options)


def conv_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """The published ranges."""
    length = suggest_latent_dim(trial, data, most=12)
    return Autoencoder(data, length, **suggest_published_penalties(trial))


def conv_ae_optimizer(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """The optimizer, its schedule and gradient clipping too."""
    return Autoencoder(data, suggest_latent_dim(trial, data), **suggest_optimizer(trial))


def dense_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """One hidden layer in encoder and decoder, and a nonnegative code."""
    return _autoencoder(trial, data, "dense", width=suggest_width(trial))


def dense_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Codes of 128 values, trained by SGD with a high momentum."""
    length = trial.suggest_int("latent_dim", 2, 128, log=True)
    return Autoencoder(data, length, "dense", **suggest_published_sgd(trial))


def deep_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Three hidden layers in encoder and decoder."""
    return _autoencoder(trial, data, "deep", width=suggest_width(trial))


def deep_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Codes of 6 values, trained by Adam."""
    length = suggest_latent_dim(trial, data, most=12)
    return Autoencoder(data, length, "deep", **suggest_published_adam(trial))


def pooled_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """A code of whole feature maps, each a few pixels wide."""
    length, width = _suggest_maps(trial, data), suggest_width(trial)
    return Autoencoder(data, length, "pooled", width, **suggest_regularized_adam(trial))


def pooled_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """A code of four feature maps, trained by SGD with a high momentum."""
    return Autoencoder(data, _suggest_maps(trial, data), "pooled", **suggest_published_sgd(trial))


def strided_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Strided convolutions alone."""
    return _autoencoder(trial, data, "strided", width=suggest_width(trial))


def strided_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Codes of 64 values, trained by Adam."""
    length = suggest_latent_dim(trial, data)
    return Autoencoder(data, length, "strided", **suggest_published_adam(trial))


def denoising_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Any network that reconstructs clean items from corrupted ones."""
    return _autoencoder(trial, data, _suggest_network(trial), **_suggest_corruption(trial))


def denoising_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """The pooled network with Gaussian noise of half a standard deviation."""
    noise = trial.suggest_float("corruption_std", 0.1, 1)
    length = _suggest_maps(trial, data)
    sgd = suggest_published_sgd(trial)
    return Autoencoder(data, length, "pooled", corruption_std=noise, **sgd)


def sparse_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Any network with a penalty that draws code values towards a small one."""
    return _autoencoder(trial, data, _suggest_network(trial), **_suggest_sparsity(trial))


def sparse_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """The pooled network with a penalty of weight 0.5, trained by SGD with a high momentum."""
    sparsity, length = _suggest_sparsity(trial), _suggest_maps(trial, data)
    return Autoencoder(data, length, "pooled", **sparsity, **suggest_published_sgd(trial))


def sparse_denoising_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Convolutions with corrupted input and sparse codes."""
    corruption, sparsity = _suggest_corruption(trial), _suggest_sparsity(trial)
    return _autoencoder(trial, data, "conv", **corruption, **sparsity)


def residual_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Residual blocks for photographs, and a code of whole feature maps."""
    length = _suggest_maps(trial, data, residual.SMALLEST, most=4)
    # Without noise it memorizes a few thousand photographs.
    noise = trial.suggest_float("corruption_std", 0, 0.5)
    width = suggest_width(trial)
    return Autoencoder(data, length, "residual", width, noise, **suggest_regularized_adam(trial))


def resnet_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """ResNet-18 and its mirror, as published or narrower, and a code of whole feature maps."""
    length = _suggest_maps(trial, data, residual.SMALLEST, most=4)
    width = trial.suggest_float("width", 0.125, 1, log=True)
    return Autoencoder(data, length, "resnet", width, **suggest_regularized_adam(trial))


def _autoencoder(trial: BaseTrial, data: DataSpec, network: str, **options: Any) -> Autoencoder:
    length = suggest_latent_dim(trial, data)
    return Autoencoder(data, length, network, **suggest_regularized_adam(trial), **options)


def _suggest_maps(
    trial: BaseTrial, data: DataSpec, smallest: int = pooled.SMALLEST, most: int = 8
) -> int:
    """Suggests the length of a code of up to `most` feature maps of the smallest size."""
    cells = prod(feature_map_sizes(data.shape, smallest)[-1])
    return trial.suggest_int("latent_dim", cells, most * cells, step=cells)


def _suggest_network(trial: BaseTrial) -> str:
    return str(trial.suggest_categorical("network", NETWORKS))


def _suggest_corruption(trial: BaseTrial) -> dict[str, float]:
    return {
        "corruption_std": trial.suggest_float("corruption_std", 0, 1),
        "corruption_rate": trial.suggest_float("corruption_rate", 0, 0.75),
    }


def _suggest_sparsity(trial: BaseTrial) -> dict[str, float]:
    return {
        "sparsity": trial.suggest_float("sparsity", 1e-4, 1, log=True),
        "sparse_code": trial.suggest_float("sparse_code", 0, 0.5),
    }
