"""What may vary in an autoencoder."""

from optuna.trial import BaseTrial

from ..models.autoencoder import ConvAutoencoder
from ..models.blocks import Shape
from .common import latent_dim, regularised_adam, seed_adam


def conv_autoencoder(trial: BaseTrial, input_shape: Shape) -> ConvAutoencoder:
    """The convolutional autoencoder over wide ranges."""
    return ConvAutoencoder(
        input_shape,
        latent_dim=latent_dim(trial, input_shape),
        **regularised_adam(trial),
    )


def conv_autoencoder_seed(trial: BaseTrial, input_shape: Shape) -> ConvAutoencoder:
    """The convolutional autoencoder over the published ranges."""
    return ConvAutoencoder(
        input_shape,
        latent_dim=latent_dim(trial, input_shape, most=12),
        **seed_adam(trial),
    )
