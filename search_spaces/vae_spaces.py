"""Search spaces of variational autoencoders."""

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.vae import VAE
from .shared_ranges import (
    suggest_latent_dim,
    suggest_optimizer,
    suggest_published_penalties,
    suggest_regularized_adam,
)


def conv_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests a convolutional VAE with a Gaussian likelihood."""
    length, beta = suggest_latent_dim(trial, data), _suggest_beta(trial)
    return VAE(data, length, beta, **suggest_regularized_adam(trial))


def conv_vae_published(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests a convolutional VAE from the published ranges of the autoencoder."""
    length, beta = suggest_latent_dim(trial, data, most=12), _suggest_beta(trial)
    return VAE(data, length, beta, **suggest_published_penalties(trial))


def conv_vae_optimizer(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests the optimizer, its schedule and gradient clipping too."""
    length, beta = suggest_latent_dim(trial, data), _suggest_beta(trial)
    return VAE(data, length, beta, **suggest_optimizer(trial))


def generator_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests a VAE with the decoder of a DCGAN, as wide as published or narrower."""
    width = trial.suggest_float("width", 0.25, 1, log=True)
    length, beta = suggest_latent_dim(trial, data), _suggest_beta(trial)
    adam = suggest_regularized_adam(trial)
    return VAE(data, length, beta, network="generator", width=width, **adam)


def dense_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests a fully connected VAE with a Bernoulli likelihood."""
    length, beta = suggest_latent_dim(trial, data, most=128), _suggest_beta(trial)
    adam = suggest_regularized_adam(trial)
    return VAE(data, length, beta, network="dense", likelihood="bernoulli", **adam)


def _suggest_beta(trial: BaseTrial) -> float:
    return trial.suggest_float("beta", 0.1, 10, log=True)
