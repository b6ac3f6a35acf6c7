"""Variational autoencoders, whose latent codes are distributions.

New images are decoded from samples of a prior.
"""

import math
from typing import Any, Literal, Unpack

import torch
from torch import Tensor, nn

from .active_units import ActiveUnits
from .class_condition import ClassCondition
from .data_spec import DataSpec
from .densities.mixture import LatentMixture
from .learner import Batch, Learner, Training, check_least
from .linear_path import LinearPath, start_at_zero
from .losses.likelihoods import log_bernoulli, log_gaussian, log_normal, sample_normal
from .losses.total_correlation import total_correlation
from .losses.vamp_prior import VampPrior
from .networks.vae_networks import Network, make_vae_networks
from .pixels import to_float

Likelihood = Literal["gaussian", "bernoulli"]

LOG_SCALE_LR_FACTOR = 10  # of the learning rate, for the parameter `log_scale`
IMPORTANCE_SAMPLES = 50


class VAE(Learner):
    """Variational autoencoder, for images with values in [0, 1].

    The loss is reconstruction + `beta` * KL, in nats per image. The logged values do not depend on
    `beta`. `*_reconstruction` is the negative log-likelihood of an image, given a sample of its
    latent code. `*_kl` is the KL divergence of the code from the prior. `*_elbo` is minus the sum
    of both, which is the ELBO.

    With several `importance_samples`, the loss is minus the IWAE bound, which is nearer to the
    likelihood than the ELBO and is logged as `*_bound`.

    Args:
        data: Description of the images.
        latent_dim: Length of the latent code, at least 1.
        beta: Weight of the KL divergence in the loss, at least 0. With 0, the prior has no effect.
        beta_warmup: Number of epochs in which the weight grows from 0 to `beta`.
        beta_tc: Weight of the total correlation of the codes in the loss, which is a part of the
            KL divergence; at least 0. If it is not 1, `*_total_correlation` is logged.
        importance_samples: Number of codes per image in the IWAE bound. With 1, the loss is that
            of the ELBO. With more, `beta` and `beta_tc` must be 1.
        pseudo_inputs: Number of learned images whose posteriors make the prior (VampPrior). With
            0, the prior is a standard normal density.
        lr: Initial learning rate.
        network: `conv` for convolutional encoder and decoder, `generator` for a convolutional
            encoder and the decoder of a DCGAN, `dense` for linear layers.
        width: Factor that multiplies the published width of each layer, above 0.
        likelihood: `gaussian`, with one learned standard deviation for all pixels, or `bernoulli`,
            for which a decoded value is the probability that its pixel is 1.
        linear_path: Whether probabilistic principal components of the training part are added to
            encoder and decoder, whose last layers then start at zero, so that the network begins
            where they end. The likelihood must be `gaussian`.
        conditional: Whether encoder and decoder are told the class of an item, so that items of a
            class can be sampled. The logged values are then those of items given their classes.
        training: Other options of `Learner`.

    Raises:
        ValueError: If an option is out of range, or options do not fit together.

    References:
        Auto-Encoding Variational Bayes (Kingma, Welling, 2014)
        beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework
        (Higgins et al., 2017)
        Isolating Sources of Disentanglement in Variational Autoencoders (Chen, Li, Grosse,
        Duvenaud, 2018): `beta_tc`
        Importance Weighted Autoencoders (Burda, Grosse, Salakhutdinov, 2016)

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
        beta_tc: float = 1.0,
        importance_samples: int = 1,
        pseudo_inputs: int = 0,
        lr: float = 1e-3,
        network: Network = "conv",
        width: float = 1.0,
        likelihood: Likelihood = "gaussian",
        linear_path: bool = False,
        conditional: bool = False,
        **training: Unpack[Training],
    ) -> None:
        super().__init__(lr, **training)
        check_least(1, latent_dim=latent_dim, importance_samples=importance_samples)
        check_least(0, beta=beta, beta_warmup=beta_warmup, beta_tc=beta_tc)
        check_least(0, pseudo_inputs=pseudo_inputs)
        if importance_samples > 1 and not beta == beta_tc == 1:
            raise ValueError(
                f"beta (={beta}) and beta_tc (={beta_tc}) must be 1 if importance_samples "
                f"(={importance_samples}) is above 1."
            )
        if linear_path and likelihood != "gaussian":
            raise ValueError(f"likelihood (={likelihood!r}) must be gaussian for a linear_path.")
        self.latent_dim, self.beta, self.beta_warmup = latent_dim, beta, beta_warmup
        self.beta_tc, self.importance_samples = beta_tc, importance_samples
        self.condition = ClassCondition(data) if conditional else None
        code_length = latent_dim + (len(data.classes) if conditional else 0)
        self.encoder, features, self.decoder = make_vae_networks(
            network, data, latent_dim, code_length, width
        )
        self.mean = nn.Linear(features, latent_dim)
        self.log_variance = nn.Linear(features, latent_dim)
        self.log_scale = nn.Parameter(torch.zeros(())) if likelihood == "gaussian" else None
        self.vamp_prior = VampPrior(pseudo_inputs, data.shape) if pseudo_inputs else None
        self.linear_path: LinearPath | None = None
        if linear_path:
            for part in (self.decoder, self.mean, self.log_variance):
                start_at_zero(part)
            self.linear_path = LinearPath(data, latent_dim, self.decoder)
        self.to(memory_format=torch.channels_last)  # the faster layout of convolutions
        self._active_units = ActiveUnits()

    def encode(self, x: Tensor, classes: Tensor | None = None) -> Tensor:
        """Maps images x (N, C, H, W), floats in [0, 1] or bytes, to means of codes (N, D).

        `classes` (N, K), the result of `condition`, tell a conditional network the classes of the
        images. None means that no class is known.
        """
        return self.posterior(to_float(x), classes)[0]

    def decode(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """Maps latent codes z, with shape (N, latent_dim), to images, with shape (N, C, H, W).

        See `encode` for `classes`.
        """
        told = z if self.condition is None else self.condition.add_to_codes(z, classes)
        image: Tensor = self.decoder(told)
        return image if self.linear_path is None else self.linear_path.add_to_items(image, z)

    def reconstruct(self, x: Tensor) -> Tensor:
        """Reconstructs images x, with shape (N, C, H, W), from the means of their posteriors."""
        return self.decode(self.encode(x))

    forward = reconstruct

    def prior(self) -> LatentMixture:
        """Returns the prior of the latent codes, a standard normal density or a VampPrior."""
        if self.vamp_prior is None:
            return LatentMixture.standard(self.latent_dim)
        return self.vamp_prior.to_mixture(self.posterior)

    def posterior(self, x: Tensor, classes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Returns mean and log-variance of the latent codes of images x, both (N, latent_dim)."""
        told = x if self.condition is None else self.condition.add_to_items(x, classes)
        features = self.encoder(told)
        mean = self.mean(features)
        if self.linear_path is not None:
            mean = self.linear_path.add_to_code(mean, x)
        return mean, self.log_variance(features)

    def on_fit_start(self) -> None:
        """Sets the linear path to probabilistic principal components, once."""
        if self.linear_path is not None and not self.linear_path.is_fitted:
            variances, noise = self.linear_path.fit_probabilistic(
                self.linear_path.training_items(self.trainer)
            )
            assert self.log_scale is not None
            with torch.no_grad():
                self.log_variance.bias.copy_(variances.log())
                self.log_scale.fill_(math.log(noise))

    def elbo_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns reconstruction and KL divergence of images x, in nats, each with shape (N,).

        The reconstruction is the negative log-likelihood of an image, given one sample of its
        latent code. The sample is mean + deviation * noise, so that gradients reach the encoder.
        """
        mean, log_variance = self.posterior(x)
        z = sample_normal(mean, log_variance)
        return self._negative_log_likelihood(x, z), self._kl(z, mean, log_variance)

    def _kl(self, z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Returns the KL divergence of posteriors from the prior, with shape (N,).

        That from a VampPrior is estimated by the codes z.
        """
        if self.vamp_prior is None:
            return (mean**2 + log_variance.exp() - 1 - log_variance).sum(1) / 2
        return log_normal(z, mean, log_variance) - self._log_prior(z)

    def _log_prior(self, z: Tensor) -> Tensor:
        """Returns the log density of the prior at codes z (N, latent_dim), with shape (N,)."""
        if self.vamp_prior is None:
            return log_normal(z, torch.zeros_like(z), torch.zeros_like(z))
        return self.vamp_prior.log_density(z, self.posterior)

    def negative_elbo(self, x: Tensor) -> Tensor:
        """Returns minus the ELBO of images x of unknown class in nats, with shape (N,).

        The mean of the posterior stands for a sample, so that the result is not random.
        """
        mean, log_variance = self.posterior(x)
        return self._negative_log_likelihood(x, mean) + self._kl(mean, mean, log_variance)

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        classes = self._classes(batch)
        mean, log_variance = self.posterior(batch[0], classes)
        if not self.training:
            self._active_units.update(mean)
        z = sample_normal(mean, log_variance)
        reconstruction = self._negative_log_likelihood(batch[0], z, classes).mean()
        kl = self._kl(z, mean, log_variance).mean()
        terms = {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl}
        if self.beta_tc != 1:
            terms["total_correlation"] = total_correlation(z, mean, log_variance)
        if self.importance_samples > 1:
            samples = self.importance_samples
            terms["bound"] = self.log_likelihood(batch[0], samples, classes).mean()
        return terms

    def _classes(self, batch: Batch) -> Tensor | None:
        return None if self.condition is None else self.condition(batch[1])

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        if "bound" in terms:
            return -terms["bound"]
        loss = terms["reconstruction"] + self._current_beta() * terms["kl"]
        if "total_correlation" in terms:
            loss = loss + (self.beta_tc - 1) * terms["total_correlation"]
        return loss

    def log_likelihood(
        self, x: Tensor, samples: int = IMPORTANCE_SAMPLES, classes: Tensor | None = None
    ) -> Tensor:
        """Estimates log p(x) of images by importance sampling, given their classes if there are.

        The estimate is a lower bound, which is nearer to log p(x) with more samples.

        Args:
            x: Images, with shape (N, C, H, W).
            samples: Number of sampled codes per image, at least 1. With 1, the mean estimate is
                the ELBO.
            classes: The classes of the images; see `encode`.

        Returns:
            Nats of each image, with shape (N,).

        References:
            Importance Weighted Autoencoders (Burda, Grosse, Salakhutdinov, 2016)
        """
        mean, log_variance = self.posterior(x, classes)
        total = mean.new_full((len(x),), -math.inf)
        for _ in range(samples):
            z = sample_normal(mean, log_variance)
            ratio = self._log_prior(z) - log_normal(z, mean, log_variance)
            total = torch.logaddexp(total, ratio - self._negative_log_likelihood(x, z, classes))
        return total - math.log(samples)

    def on_validation_epoch_end(self) -> None:
        """Logs `val_active_units`, the number of code dimensions that depend on the image."""
        self.log("val_active_units", self._active_units.compute())

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Logs the terms and `test_log_likelihood` of a batch."""
        super().test_step(batch, batch_idx)
        log_likelihood = self.log_likelihood(batch[0], classes=self._classes(batch)).mean()
        self.log("test_log_likelihood", log_likelihood, batch_size=len(batch[0]))

    def on_test_epoch_end(self) -> None:
        """Logs `test_active_units`, the number of code dimensions that depend on the image."""
        self.log("test_active_units", self._active_units.compute())

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
        share = min(1.0, self.current_epoch / self.beta_warmup) if self.beta_warmup else 1.0
        return self.beta * share

    def _negative_log_likelihood(
        self, x: Tensor, z: Tensor, classes: Tensor | None = None
    ) -> Tensor:
        """Returns -log p(x | z) of each image, in nats, with shape (N,)."""
        image = self.decode(z, classes)
        if self.log_scale is None:
            return -log_bernoulli(x, image)
        return -log_gaussian(x, image, self.log_scale)
