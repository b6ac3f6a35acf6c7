"""Generative adversarial networks: a generator learns from a network that it must deceive."""

from typing import TYPE_CHECKING, Any, Unpack, cast

import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import LRScheduler

from .data_spec import DataSpec
from .learner import Batch, Learner, Training
from .networks.dcgan import Discriminator, Generator

if TYPE_CHECKING:
    from .densities.mixture import LatentMixture


class GAN(Learner):
    """DCGAN, trained on the non-saturating loss, for images with values in [0, 1].

    In each step the discriminator learns to tell real images from drawn ones, and then the
    generator to deceive it. Neither loss says how good the images are; a judge such as
    `KernelDistance` does. What it logs: `*_generator` and `*_discriminator`, the losses;
    `*_accuracy_real` and `*_accuracy_fake`, how often the discriminator is right, and
    `*_accuracy`, the mean of both.

    Args:
        data: Images.
        latent_dim: Length of the code, at least 1.
        width: How many times the published width each layer of the generator has, above 0.
        lr: Learning rate of the generator at the start.
        discriminator_lr: Learning rate of the discriminator at the start.
        beta1: The first beta of Adam; near 1, the two networks drive each other in circles.
        training: Further options of `Learner`; the schedule `plateau` needs a loss that falls.

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
        if latent_dim < 1:
            raise ValueError(f"latent_dim (={latent_dim}) must be at least 1.")
        if width <= 0:
            raise ValueError(f"width (={width}) must be above 0.")
        if self.schedule == "plateau":
            raise ValueError("schedule (='plateau') needs a loss that falls; choose another.")
        self.latent_dim, self.discriminator_lr = latent_dim, discriminator_lr
        self.generator = Generator(data, latent_dim, width)
        self.discriminator = Discriminator(data)
        self.automatic_optimization = False  # two networks take turns
        self.to(memory_format=torch.channels_last)  # convolutions are faster so

    def decode(self, z: Tensor) -> Tensor:
        """Maps codes z, with shape (N, latent_dim), to images, with shape (N, C, H, W)."""
        image: Tensor = self.generator(z)
        return image

    forward = decode

    def prior(self) -> "LatentMixture":
        """Returns the density that codes are drawn from: a standard normal one."""
        from .densities.mixture import LatentMixture  # brings scikit-learn

        return LatentMixture.standard(self.latent_dim)

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        fake = self._sample_fakes(batch[0])
        return self._discriminator_terms(batch[0], fake) | {
            "generator": self._generator_loss(fake)
        }

    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        return terms["discriminator"] + terms["generator"]

    def training_step(self, batch: Batch, batch_idx: int) -> None:  # type: ignore[override]  # no loss
        """Lets the discriminator learn, and then the generator."""
        discriminator_optimizer, generator_optimizer = cast(
            list[LightningOptimizer], self.optimizers()
        )
        fake = self._sample_fakes(batch[0])
        discriminator_terms = self._discriminator_terms(batch[0], fake.detach())
        self._step(discriminator_optimizer, discriminator_terms["discriminator"])
        self.toggle_optimizer(generator_optimizer)
        generator_loss = self._generator_loss(fake)
        self._step(generator_optimizer, generator_loss)
        self.untoggle_optimizer(generator_optimizer)
        self._step_schedulers("step")
        terms = discriminator_terms | {"generator": generator_loss}
        self._train_terms.append({name: term.detach() for name, term in terms.items()})

    def on_train_epoch_end(self) -> None:
        super().on_train_epoch_end()
        self._step_schedulers("epoch")

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Adds the gradient of the L1 penalty and clips, which Lightning leaves to the model."""
        super().on_before_optimizer_step(optimizer)
        if self.clip:
            learning = [p for group in optimizer.param_groups for p in group["params"]]
            clip_grad_norm_(learning, self.clip)

    def configure_optimizers(self) -> Any:
        """Returns an optimiser with its schedule for each of the two networks."""
        discriminator_group = {
            "params": list(self.discriminator.parameters()),
            "lr": self.discriminator_lr,
        }
        generator_group = {"params": list(self.generator.parameters())}
        return [
            self.build_optimizer([discriminator_group]),
            self.build_optimizer([generator_group]),
        ]

    def _sample_fakes(self, real: Tensor) -> Tensor:
        """Returns as many drawn images as there are real ones."""
        noise = torch.randn(len(real), self.latent_dim, device=real.device)
        return self.decode(noise)

    def _discriminator_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """Returns what the discriminator makes of real and drawn images: its loss and accuracies.

        Each half is a batch of its own, so that its normalisation cannot mix them.
        """
        real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        right_real, right_fake = (
            (real_logits > 0).float().mean(),
            (fake_logits <= 0).float().mean(),
        )
        return {
            "discriminator": (
                _cross_entropy(real_logits, real=True) + _cross_entropy(fake_logits, real=False)
            )
            / 2,
            "accuracy_real": right_real,
            "accuracy_fake": right_fake,
            "accuracy": (right_real + right_fake) / 2,
        }

    def _generator_loss(self, fake: Tensor) -> Tensor:
        """Returns the loss of the generator: how little its images are taken for real."""
        return _cross_entropy(self.discriminator(fake), real=True)

    def _step(self, optimiser: LightningOptimizer, loss: Tensor) -> None:
        optimiser.zero_grad()
        self.manual_backward(loss)
        optimiser.step()

    def _step_schedulers(self, interval: str) -> None:
        """Lets the rates fall, which Lightning leaves to a model that optimises by hand."""
        for config in self.trainer.lr_scheduler_configs:
            if config.interval == interval and isinstance(config.scheduler, LRScheduler):
                config.scheduler.step()


def _cross_entropy(logits: Tensor, real: bool) -> Tensor:
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))
