"""Search spaces of variational autoencoders and generative adversarial networks."""

from typing import Any

from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.gan import GAN
from ..models.vae import VAE
from .shared_ranges import (
    suggest_latent_dim,
    suggest_optimizer,
    suggest_published_penalties,
    suggest_regularized_adam,
)


def conv_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests the options of a convolutional VAE with a Gaussian likelihood."""
    length, beta = suggest_latent_dim(trial, data), _suggest_beta(trial)
    return VAE(data, length, beta, **suggest_regularized_adam(trial))


def conv_vae_published(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests a convolutional VAE, in the published ranges of the autoencoder."""
    length, beta = suggest_latent_dim(trial, data, most=12), _suggest_beta(trial)
    return VAE(data, length, beta, **suggest_published_penalties(trial))


def conv_vae_optimizer(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests a convolutional VAE, its optimizer, schedule and gradient clipping."""
    length, beta = suggest_latent_dim(trial, data), _suggest_beta(trial)
    return VAE(data, length, beta, **suggest_optimizer(trial))


def generator_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests a VAE with the decoder of a DCGAN, at most as wide as published."""
    width = trial.suggest_float("width", 0.25, 1, log=True)
    length, beta = suggest_latent_dim(trial, data), _suggest_beta(trial)
    adam = suggest_regularized_adam(trial)
    return VAE(data, length, beta, network="generator", width=width, **adam)


def dense_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests a fully connected VAE with a Bernoulli likelihood."""
    length, beta = suggest_latent_dim(trial, data, most=128), _suggest_beta(trial)
    adam = suggest_regularized_adam(trial)
    return VAE(data, length, beta, network="dense", likelihood="bernoulli", **adam)


def tc_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests the weight of the total correlation, which makes code dimensions independent."""
    length = suggest_latent_dim(trial, data)
    beta_tc = trial.suggest_float("beta_tc", 1.5, 20, log=True)
    return VAE(data, length, beta_tc=beta_tc, **suggest_regularized_adam(trial))


def iwae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests the number of samples in the bound of a fully connected Bernoulli VAE."""
    length = suggest_latent_dim(trial, data, most=128)
    samples = trial.suggest_int("importance_samples", 2, 16, log=True)
    adam = suggest_regularized_adam(trial)
    return VAE(
        data,
        length,
        network="dense",
        likelihood="bernoulli",
        importance_samples=samples,
        **adam,
    )


def vamp_vae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests the number of learned images whose posteriors are the prior."""
    length, beta = suggest_latent_dim(trial, data), _suggest_beta(trial)
    pseudo_inputs = trial.suggest_int("pseudo_inputs", 10, 500, log=True)
    adam = suggest_regularized_adam(trial)
    return VAE(data, length, beta, pseudo_inputs=pseudo_inputs, **adam)


def conv_cvae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests the options of a convolutional VAE that is told the class of each image."""
    length, beta = suggest_latent_dim(trial, data), _suggest_beta(trial)
    return VAE(data, length, beta, conditional=True, **suggest_regularized_adam(trial))


def dense_cvae(trial: BaseTrial, data: DataSpec) -> VAE:
    """Suggests a fully connected Bernoulli VAE that is told the class of each image."""
    length, beta = suggest_latent_dim(trial, data, most=128), _suggest_beta(trial)
    options: dict[str, Any] = {"network": "dense", "likelihood": "bernoulli", "conditional": True}
    return VAE(data, length, beta, **options, **suggest_regularized_adam(trial))


def _suggest_beta(trial: BaseTrial) -> float:
    return trial.suggest_float("beta", 0.1, 10, log=True)


def dcgan(trial: BaseTrial, data: DataSpec) -> GAN:
    """Suggests code length, width of the generator, and learning rates of both networks."""
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
