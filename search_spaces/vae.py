"""What may vary in a variational autoencoder."""

from optuna.trial import BaseTrial

from ..models.blocks import Shape
from ..models.vae import VAE
from .common import regularised_adam, seed_adam


def conv_vae(trial: BaseTrial, input_shape: Shape) -> VAE:
    """The convolutional one with a Gaussian likelihood, over wide ranges."""
    return VAE(
        input_shape,
        latent_dim=trial.suggest_int("latent_dim", 2, 64, log=True),
        beta=_beta(trial),
        **regularised_adam(trial),
    )


def conv_vae_seed(trial: BaseTrial, input_shape: Shape) -> VAE:
    """The convolutional one over the published ranges of the autoencoder."""
    return VAE(
        input_shape,
        latent_dim=trial.suggest_int("latent_dim", 2, 12, log=True),
        beta=_beta(trial),
        **seed_adam(trial),
    )


def dense_vae(trial: BaseTrial, input_shape: Shape) -> VAE:
    """The fully connected one with a Bernoulli likelihood."""
    return VAE(
        input_shape,
        latent_dim=trial.suggest_int("latent_dim", 2, 128, log=True),
        beta=_beta(trial),
        **regularised_adam(trial),
        network="dense",
        likelihood="bernoulli",
    )


def _beta(trial: BaseTrial) -> float:
    return trial.suggest_float("beta", 0.1, 10, log=True)
