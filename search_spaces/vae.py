"""What may vary in a variational autoencoder."""

from optuna.trial import BaseTrial

from ..models.blocks import Shape
from ..models.vae import VAE
from .common import latent_dim, regularised_adam, seed_adam


def conv_vae(trial: BaseTrial, input_shape: Shape) -> VAE:
    """The convolutional one with a Gaussian likelihood, over wide ranges."""
    return VAE(
        input_shape,
        latent_dim=latent_dim(trial, input_shape),
        beta=_beta(trial),
        **regularised_adam(trial),
    )


def conv_vae_seed(trial: BaseTrial, input_shape: Shape) -> VAE:
    """The convolutional one over the published ranges of the autoencoder."""
    return VAE(
        input_shape,
        latent_dim=latent_dim(trial, input_shape, most=12),
        beta=_beta(trial),
        **seed_adam(trial),
    )


def dense_vae(trial: BaseTrial, input_shape: Shape) -> VAE:
    """The fully connected one with a Bernoulli likelihood."""
    return VAE(
        input_shape,
        latent_dim=latent_dim(trial, input_shape, most=128),
        beta=_beta(trial),
        **regularised_adam(trial),
        network="dense",
        likelihood="bernoulli",
    )


def _beta(trial: BaseTrial) -> float:
    return trial.suggest_float("beta", 0.1, 10, log=True)
