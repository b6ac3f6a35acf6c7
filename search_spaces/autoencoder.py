"""What may vary in an autoencoder: a function for each row of the catalogue.

The `seed` of a row is the published network with the published way to train it; its first trial
has the published values, and the others vary them.
"""

from math import prod
from typing import Any

from optuna.trial import BaseTrial

from ..models.autoencoder import Autoencoder
from ..models.data_spec import DataSpec
from ..models.networks import pooled, residual
from ..models.networks.feature_maps import feature_map_sizes
from .shared_ranges import (
    latent_dim,
    suggest_notebook_adam,
    suggest_optimizer,
    suggest_published_adam,
    suggest_published_sgd,
    suggest_regularized_adam,
    width,
)

NETWORKS = ["conv", "dense", "deep", "strided"]
"""Networks whose codes may have any length."""


def conv_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Convolutions and linear layers, over wide ranges; wider ones for colours."""
    options: dict[str, Any] = {} if data.shape[0] == 1 else {"width": width(trial)}
    return _autoencoder(trial, data, "conv", **options)


def conv_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """The published ranges."""
    return Autoencoder(data, latent_dim(trial, data, most=12), **suggest_notebook_adam(trial))


def conv_ae_optimiser(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """The optimiser too, with its schedule and the clipping of gradients."""
    return Autoencoder(data, latent_dim(trial, data), **suggest_optimizer(trial))


def dense_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """A hidden layer each way; codes are not negative."""
    return _autoencoder(trial, data, "dense", width=width(trial))


def dense_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Codes of 128 values, trained by SGD with a high momentum."""
    length = trial.suggest_int("latent_dim", 2, 128, log=True)
    return Autoencoder(data, length, "dense", **suggest_published_sgd(trial))


def deep_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Three hidden layers each way."""
    return _autoencoder(trial, data, "deep", width=width(trial))


def deep_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Codes of 6 values, trained by Adam."""
    return Autoencoder(
        data, latent_dim(trial, data, most=12), "deep", **suggest_published_adam(trial)
    )


def pooled_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """A code of whole maps, each a few pixels wide."""
    length = _maps(trial, data)
    return Autoencoder(data, length, "pooled", width(trial), **suggest_regularized_adam(trial))


def pooled_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """A code of four maps, trained by SGD with a high momentum."""
    return Autoencoder(data, _maps(trial, data), "pooled", **suggest_published_sgd(trial))


def strided_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Strided convolutions alone."""
    return _autoencoder(trial, data, "strided", width=width(trial))


def strided_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Codes of 64 values, trained by Adam."""
    return Autoencoder(data, latent_dim(trial, data), "strided", **suggest_published_adam(trial))


def denoising_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Any network that sees its input through noise and gaps, and draws it without."""
    return _autoencoder(trial, data, _network(trial), **_spoilt(trial))


def denoising_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """The pooled one under normal noise of half a deviation."""
    noise = trial.suggest_float("noise", 0.1, 1)
    length = _maps(trial, data)
    return Autoencoder(data, length, "pooled", noise=noise, **suggest_published_sgd(trial))


def sparse_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Any network whose codes are drawn towards a small value."""
    return _autoencoder(trial, data, _network(trial), **_sparse(trial))


def sparse_ae_published(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """The pooled one with a weight of 0.5, trained by SGD with a high momentum."""
    sparse, length = _sparse(trial), _maps(trial, data)
    return Autoencoder(data, length, "pooled", **sparse, **suggest_published_sgd(trial))


def sparse_denoising_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Convolutions under noise and gaps, with sparse codes."""
    return _autoencoder(trial, data, "conv", **_spoilt(trial), **_sparse(trial))


def residual_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """Convolutions and residual blocks, for photographs; a code of whole maps."""
    length = _maps(trial, data, residual.SMALLEST, most=4)
    # It learns a few thousand photographs by heart, unless they look different each time.
    noise = trial.suggest_float("noise", 0, 0.5)
    return Autoencoder(
        data, length, "residual", width(trial), noise, **suggest_regularized_adam(trial)
    )


def resnet_ae(trial: BaseTrial, data: DataSpec) -> Autoencoder:
    """ResNet-18 and its mirror image, as published or narrower; a code of whole maps."""
    length = _maps(trial, data, residual.SMALLEST, most=4)
    parse_range = trial.suggest_float("width", 0.125, 1, log=True)
    return Autoencoder(data, length, "resnet", parse_range, **suggest_regularized_adam(trial))


def _autoencoder(trial: BaseTrial, data: DataSpec, network: str, **options: Any) -> Autoencoder:
    length = latent_dim(trial, data)
    return Autoencoder(data, length, network, **suggest_regularized_adam(trial), **options)


def _maps(trial: BaseTrial, data: DataSpec, smallest: int = pooled.SMALLEST, most: int = 8) -> int:
    """Suggests the length of a code that is made of whole maps, each as large as the smallest."""
    cells = prod(feature_map_sizes(data.shape, smallest)[-1])
    return trial.suggest_int("latent_dim", cells, most * cells, step=cells)


def _network(trial: BaseTrial) -> str:
    return str(trial.suggest_categorical("network", NETWORKS))


def _spoilt(trial: BaseTrial) -> dict[str, float]:
    return {
        "noise": trial.suggest_float("noise", 0, 1),
        "mask": trial.suggest_float("mask", 0, 0.75),
    }


def _sparse(trial: BaseTrial) -> dict[str, float]:
    return {
        "sparsity": trial.suggest_float("sparsity", 1e-4, 1, log=True),
        "sparse_code": trial.suggest_float("sparse_code", 0, 0.5),
    }
