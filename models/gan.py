"""Generative adversarial networks: a generator learns to deceive a discriminator."""

from typing import Any, Unpack, cast

import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import LRScheduler

from .data_spec import DataSpec
from .densities.mixture import LatentMixture
from .learner import Batch, Learner, Training, check_above_zero, check_least
from .networks.dcgan import Discriminator, Generator


class GAN(Learner):
    """A DCGAN for images with values in [0, 1], trained on the non-saturating loss.

    Each step first trains the discriminator to tell real from generated images. Then it trains the
    generator to deceive the discriminator. The losses are logged as `*_generator` and
    `*_discriminator`. They do not tell how good the images are, so use a metric callback, such as
    `KernelDistance`. The accuracies of the discriminator are logged as `*_accuracy_real`,
    `*_accuracy_fake` and their mean, `*_accuracy`.

    Args:
        data: Description of the images.
        latent_dim: Length of the latent code, at least 1.
        width: Factor that multiplies the published width of each layer of the generator, above 0.
        lr: Initial learning rate of the generator.
        discriminator_lr: Initial learning rate of the discriminator.
        beta1: First beta of Adam. If it is near 1, the two networks oscillate.
        training: Other options of `Learner`. The schedule `plateau` is not allowed, because no
            loss has to fall.

    Raises:
        ValueError: If an option is out of range, or the schedule is `plateau`.

    References:
        Generative Adversarial Nets (Goodfellow et al., 2014)
        Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
        Networks (Radford, Metz, Chintala, 2016)

    Example:
        >>> gan = latentune.GAN(latentune.DataSpec((1, 32, 32)))
        >>> [sum(p.numel() for p in n.parameters()) for n in (gan.generator, gan.discriminator)]
        [1049985, 98113]
    """

    def __init__(
        self,
        data: DataSpec,
        latent_dim: int = 100,
        width: float = 1.0,
        lr: float = 2e-4,
        discriminator_lr: float = 2e-4,
        beta1: float = 0.5,
        **training: Unpack[Training],
    ) -> None:
        training["momentum"] = beta1
        super().__init__(lr, **training)
        check_least(1, latent_dim=latent_dim)
        check_above_zero(width=width)
        if self.schedule == "plateau":
            raise ValueError("schedule (='plateau') needs a loss that falls; choose another.")
        self.latent_dim, self.discriminator_lr = latent_dim, discriminator_lr
        self.generator = Generator(data, latent_dim, width)
        self.discriminator = Discriminator(data)
        self.automatic_optimization = False  # the two networks are trained in turn
        self.to(memory_format=torch.channels_last)  # the faster layout of convolutions

    def decode(self, z: Tensor) -> Tensor:
        """Maps latent codes z, with shape (N, latent_dim), to images, with shape (N, C, H, W)."""
        image: Tensor = self.generator(z)
        return image

    forward = decode

    def prior(self) -> LatentMixture:
        """Returns the prior of the latent codes, which is a standard normal density."""
        return LatentMixture.standard(self.latent_dim)

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        fake = self._generate(batch[0])
        terms = self._discriminator_terms(batch[0], fake)
        return terms | {"generator": self._generator_loss(fake)}

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        return terms["discriminator"] + terms["generator"]

    def training_step(self, batch: Batch, batch_idx: int) -> None:  # type: ignore[override]  # no loss
        """Trains the discriminator for one step, then the generator for one step."""
        discriminator, generator = cast(list[LightningOptimizer], self.optimizers())
        fake = self._generate(batch[0])
        terms = self._discriminator_terms(batch[0], fake.detach())
        self._step_optimizer(discriminator, terms["discriminator"])
        self.toggle_optimizer(generator)
        terms["generator"] = self._generator_loss(fake)
        self._step_optimizer(generator, terms["generator"])
        self.untoggle_optimizer(generator)
        self._step_schedulers("step")
        self._collect_terms(terms)

    def on_train_epoch_end(self) -> None:
        super().on_train_epoch_end()
        self._step_schedulers("epoch")

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Adds the gradient of the L1 penalty, and clips gradients.

        Lightning does not clip gradients in manual optimization.
        """
        super().on_before_optimizer_step(optimizer)
        if self.gradient_clip_norm:
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            clip_grad_norm_(parameters, self.gradient_clip_norm)

    def configure_optimizers(self) -> Any:
        """Returns the optimizers of discriminator and generator, each with its schedule."""
        lr = self.discriminator_lr
        discriminator = {"params": list(self.discriminator.parameters()), "lr": lr}
        generator = {"params": list(self.generator.parameters())}
        return [self.build_optimizer([discriminator]), self.build_optimizer([generator])]

    def _generate(self, real: Tensor) -> Tensor:
        noise = torch.randn(len(real), self.latent_dim, device=real.device)
        return self.decode(noise)

    def _discriminator_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """Returns the loss and the accuracies of the discriminator, by name.

        Real and fake images are two separate batches for the discriminator, because batch norm
        must not mix them.
        """
        real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        accuracy_real = (real_logits > 0).float().mean()
        accuracy_fake = (fake_logits <= 0).float().mean()
        loss = _cross_entropy(real_logits, real=True) + _cross_entropy(fake_logits, real=False)
        return {
            "discriminator": loss / 2,
            "accuracy_real": accuracy_real,
            "accuracy_fake": accuracy_fake,
            "accuracy": (accuracy_real + accuracy_fake) / 2,
        }

    def _generator_loss(self, fake: Tensor) -> Tensor:
        return _cross_entropy(self.discriminator(fake), real=True)

    def _step_optimizer(self, optimizer: LightningOptimizer, loss: Tensor) -> None:
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()

    def _step_schedulers(self, interval: str) -> None:
        """Steps the learning rate schedules.

        Lightning does not step them in manual optimization.
        """
        for config in self.trainer.lr_scheduler_configs:
            if config.interval == interval and isinstance(config.scheduler, LRScheduler):
                config.scheduler.step()


def _cross_entropy(logits: Tensor, real: bool) -> Tensor:
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))
