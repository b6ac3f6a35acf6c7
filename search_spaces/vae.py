"""What may vary in a variational autoencoder."""

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.vae import VAE
from .shared_ranges import (
    latent_dim,
    suggest_notebook_adam,
    suggest_optimizer,
    suggest_regularized_adam,
)


def conv_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """The convolutional one with a Gaussian likelihood, over wide ranges."""
    return VAE(data, latent_dim(trial, data), _beta(trial), **suggest_regularized_adam(trial))


def conv_vae_published(trial: BaseTrial, data: DataSpec) -> VAE:
    """The convolutional one over the published ranges of the autoencoder."""
    return VAE(
        data, latent_dim(trial, data, most=12), _beta(trial), **suggest_notebook_adam(trial)
    )


def conv_vae_optimiser(trial: BaseTrial, data: DataSpec) -> VAE:
    """The optimiser too, with its schedule and the clipping of gradients."""
    return VAE(data, latent_dim(trial, data), _beta(trial), **suggest_optimizer(trial))


def generator_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """The convolutional one whose decoder is that of a GAN, as wide as its or narrower."""
    width = trial.suggest_float("width", 0.25, 1, log=True)
    return VAE(
        data,
        latent_dim(trial, data),
        _beta(trial),
        network="generator",
        width=width,
        **suggest_regularized_adam(trial),
    )


def dense_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """The fully connected one with a Bernoulli likelihood."""
    return VAE(
        data,
        latent_dim(trial, data, most=128),
        _beta(trial),
        network="dense",
        likelihood="bernoulli",
        **suggest_regularized_adam(trial),
    )


def _beta(trial: BaseTrial) -> float:
    return trial.suggest_float("beta", 0.1, 10, log=True)
