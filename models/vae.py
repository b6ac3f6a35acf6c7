"""Variational autoencoders, whose latent codes are distributions.

New images are decoded from samples of a prior.
"""

import math
from typing import Any, Literal, Unpack

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy

from .data_spec import DataSpec
from .densities import LatentMixture
from .growing_tensor import GrowingTensor
from .learner import Batch, Learner, Training, check_least
from .networks.conv import ConvDecoder, ConvEncoder
from .networks.dcgan import Generator
from .networks.dense import DenseDecoder, DenseEncoder
from .networks.layers import scale_widths

Network = Literal["conv", "generator", "dense"]
Likelihood = Literal["gaussian", "bernoulli"]

MIN_FEATURES = 16
HIDDEN_WIDTH = 512
ACTIVE_UNIT_VARIANCE = 0.01
LOG_SCALE_LR_FACTOR = 10  # of the learning rate, for the parameter `log_scale`
IMPORTANCE_SAMPLES = 50


class VAE(Learner):
    """Variational autoencoder with a standard normal prior, for images with values in [0, 1].

    The loss is reconstruction + `beta` * KL, in nats per image. The logged values do not depend on
    `beta`. `*_reconstruction` is the negative log-likelihood of an image, given a sample of its
    latent code. `*_kl` is the KL divergence of the code from the prior. `*_elbo` is minus the sum
    of both, which is the ELBO.

    Args:
        data: Description of the images.
        latent_dim: Length of the latent code, at least 1.
        beta: Weight of the KL divergence in the loss, at least 0. With 0, the prior has no effect.
        beta_warmup: Number of epochs in which the weight grows from 0 to `beta`.
        lr: Initial learning rate.
        network: `conv` for convolutional encoder and decoder, `generator` for a convolutional
            encoder and the decoder of a DCGAN, `dense` for linear layers.
        width: Factor that multiplies the published width of each layer, above 0.
        likelihood: `gaussian`, with one learned standard deviation for all pixels, or `bernoulli`,
            for which a decoded value is the probability that its pixel is 1.
        training: Other options of `Learner`.

    Raises:
        ValueError: If `latent_dim` is below 1, or `beta` or `beta_warmup` is below 0.

    References:
        Auto-Encoding Variational Bayes (Kingma, Welling, 2014)
        beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework
        (Higgins et al., 2017)
        Importance Weighted Autoencoders (Burda, Grosse, Salakhutdinov, 2016): active units

    Example:
        >>> model = latentune.VAE(latentune.DataSpec((1, 8, 8)), latent_dim=4)
        >>> model.prior().sample(2).shape
        (2, 4)
    """

    def __init__(
        self,
        data: DataSpec,
        latent_dim: int = 16,
        beta: float = 1.0,
        beta_warmup: int = 0,
        lr: float = 1e-3,
        network: Network = "conv",
        width: float = 1.0,
        likelihood: Likelihood = "gaussian",
        **training: Unpack[Training],
    ) -> None:
        super().__init__(lr, **training)
        check_least(1, latent_dim=latent_dim)
        check_least(0, beta=beta, beta_warmup=beta_warmup)
        self.latent_dim, self.beta, self.beta_warmup = latent_dim, beta, beta_warmup
        if network == "dense":
            (features,) = scale_widths(width, HIDDEN_WIDTH)
            hidden = DenseEncoder(data, features, [features])
            self.encoder: nn.Module = nn.Sequential(hidden, nn.ReLU())
            self.decoder: nn.Module = DenseDecoder(
                data, latent_dim, [features, features], bounded=True
            )
        else:
            # As published, unless fewer features than code values would be the bottleneck.
            features = max(MIN_FEATURES, latent_dim)
            self.encoder = ConvEncoder(data, features, width)
            decoder = Generator if network == "generator" else ConvDecoder
            self.decoder = decoder(data, latent_dim, width)
        self.mean = nn.Linear(features, latent_dim)
        self.log_variance = nn.Linear(features, latent_dim)
        self.log_scale = nn.Parameter(torch.zeros(())) if likelihood == "gaussian" else None
        self.to(memory_format=torch.channels_last)  # the faster layout of convolutions
        self._means = GrowingTensor()

    def encode(self, x: Tensor) -> Tensor:
        """Maps images x, with shape (N, C, H, W), to means of latent codes (N, latent_dim)."""
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        """Maps latent codes z, with shape (N, latent_dim), to images, with shape (N, C, H, W)."""
        image: Tensor = self.decoder(z)
        return image

    def reconstruct(self, x: Tensor) -> Tensor:
        """Reconstructs images x, with shape (N, C, H, W), from the means of their posteriors."""
        return self.decode(self.encode(x))

    forward = reconstruct

    def prior(self) -> LatentMixture:
        """Returns the prior of the latent codes, which is a standard normal density."""
        return LatentMixture.standard(self.latent_dim)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns mean and log-variance of the latent codes of images x, both (N, latent_dim)."""
        features = self.encoder(x)
        return self.mean(features), self.log_variance(features)

    def elbo_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns reconstruction and KL divergence of images x, in nats, each with shape (N,).

        The reconstruction is the negative log-likelihood of an image, given one sample of its
        latent code. The sample is mean + deviation * noise, so that gradients reach the encoder.
        """
        return self._elbo_terms(x, *self.posterior(x))

    def _elbo_terms(self, x: Tensor, mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor]:
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        return self._negative_log_likelihood(x, z), _kl_to_prior(mean, log_variance)

    def negative_elbo(self, x: Tensor) -> Tensor:
        """Returns minus the ELBO of images x in nats, with shape (N,).

        The mean of the posterior stands for a sample, so that the result is not random.
        """
        mean, log_variance = self.posterior(x)
        return self._negative_log_likelihood(x, mean) + _kl_to_prior(mean, log_variance)

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        posterior = self.posterior(batch[0])
        if not self.training:
            self._means.append(posterior[0])
        reconstruction, kl = (term.mean() for term in self._elbo_terms(batch[0], *posterior))
        return {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl}

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        return terms["reconstruction"] + self._current_beta() * terms["kl"]

    def log_likelihood(self, x: Tensor, samples: int = IMPORTANCE_SAMPLES) -> Tensor:
        """Estimates log p(x) of images by importance sampling.

        The estimate is a lower bound, which is nearer to log p(x) with more samples.

        Args:
            x: Images, with shape (N, C, H, W).
            samples: Number of sampled codes per image, at least 1. With 1, the mean estimate is
                the ELBO.

        Returns:
            Nats of each image, with shape (N,).

        References:
            Importance Weighted Autoencoders (Burda, Grosse, Salakhutdinov, 2016)
        """
        mean, log_variance = self.posterior(x)
        deviation = (log_variance / 2).exp()
        weights = []
        for _ in range(samples):
            noise = torch.randn_like(mean)
            z = mean + deviation * noise
            # log p(z) - log q(z | x); the constants of the two normal densities cancel.
            prior = (noise**2 + log_variance - z**2).sum(1) / 2
            weights.append(prior - self._negative_log_likelihood(x, z))
        return torch.stack(weights).logsumexp(0) - math.log(samples)

    def on_validation_epoch_end(self) -> None:
        """Logs `val_active_units`, the number of code dimensions that depend on the image."""
        self._log_active_units("val")

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Logs the terms and `test_log_likelihood` of a batch."""
        super().test_step(batch, batch_idx)
        log_likelihood = self.log_likelihood(batch[0]).mean()
        self.log("test_log_likelihood", log_likelihood, batch_size=len(batch[0]))

    def on_test_epoch_end(self) -> None:
        """Logs `test_active_units`, the number of code dimensions that depend on the image."""
        self._log_active_units("test")

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Returns all parameters; `log_scale` has a higher learning rate than the others."""
        others = [p for p in self.parameters() if p is not self.log_scale]
        if self.log_scale is None:
            return [{"params": others}]
        # It must move far from 1, and weight decay would pull it back.
        lr = LOG_SCALE_LR_FACTOR * self.lr
        scale = {"params": [self.log_scale], "lr": lr, "weight_decay": 0.0}
        return [{"params": others}, scale]

    def _current_beta(self) -> float:
        if not self.beta_warmup:
            return self.beta
        return self.beta * min(1.0, self.current_epoch / self.beta_warmup)

    def _negative_log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Returns -log p(x | z) of each image, in nats, with shape (N,)."""
        image = self.decode(z)
        if self.log_scale is None:
            with torch.autocast(x.device.type, enabled=False):  # unsupported in half precision
                loss = binary_cross_entropy(image.float(), x.float(), reduction="none")
            return loss.flatten(1).sum(1)
        squared = ((x - image) * torch.exp(-self.log_scale)) ** 2 / 2
        constant = self.log_scale + math.log(2 * math.pi) / 2
        return (squared + constant).flatten(1).sum(1)

    def _log_active_units(self, part: str) -> None:
        means = self._means.rows
        variances = means.var(0, correction=min(1, len(means) - 1))
        self._means = GrowingTensor()
        self.log(f"{part}_active_units", (variances > ACTIVE_UNIT_VARIANCE).sum().float())


def _kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Returns the KL divergence (N,) of normal densities, both (N, D), from the standard one."""
    return (mean**2 + log_variance.exp() - 1 - log_variance).sum(1) / 2
