"""Search spaces of generative adversarial networks."""

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.gan import GAN


def dcgan(trial: BaseTrial, data: DataSpec) -> GAN:
    """Suggests the code length, the generator's width, and the learning rates of both networks."""
    return GAN(
        data,
        trial.suggest_int("latent_dim", 8, 128, log=True),
        trial.suggest_float("width", 0.25, 1, log=True),
        lr=trial.suggest_float("lr", 5e-5, 5e-3, log=True),
        discriminator_lr=trial.suggest_float("discriminator_lr", 5e-5, 5e-3, log=True),
        beta1=trial.suggest_float("beta1", 0, 0.9),
    )


def dcgan_published(trial: BaseTrial, data: DataSpec) -> GAN:
    """Suggests the code length and one learning rate for the published networks."""
    length = trial.suggest_int("latent_dim", 2, 128, log=True)
    lr = trial.suggest_float("lr", 5e-5, 1e-3, log=True)
    return GAN(data, length, lr=lr, discriminator_lr=lr, schedule="constant")
