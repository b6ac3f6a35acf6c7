"""Learner: the base class of all models, with optimizer, penalties and logging."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, ReduceLROnPlateau, StepLR

from .batch_groups import BatchGroup, BatchGroups
from .growing_tensor import GrowingTensor

OPTIMIZERS = ("adam", "sgd")
SCHEDULES = ("cosine", "step", "plateau", "constant")

Batch = Sequence[Tensor]

ParameterGroups = list[dict[str, Any]]
"""Groups of parameters with options, in the format of torch optimizers."""


class Training(TypedDict, total=False):
    """The options of `Learner` that every model takes as keyword arguments and passes on."""

    l1: float
    l2: float
    optimizer: str
    momentum: float
    schedule: str
    gradient_clip_norm: float
    ema: float


class Learner(pl.LightningModule, ABC):
    """A network with its optimizer, as a LightningModule that any Lightning Trainer can train.

    A subclass implements `terms` and `loss`. The mean of each term over an epoch is logged as
    `train_NAME`, `val_NAME` and `test_NAME`. The mean loss is logged as `train_loss`.

    Args:
        lr: Initial learning rate.
        l1: Weight of the L1 norm of the parameters in the loss.
        l2: Weight decay of the optimizer.
        optimizer: `adam` or `sgd`.
        momentum: Momentum of SGD, from 0 to 1. For Adam, it is the first beta.
        schedule: How the learning rate falls. `cosine`: to 0 along a cosine. `step`: to a tenth
            after each third of the epochs. `plateau`: to a tenth if the training loss has not
            fallen for a tenth of the epochs. `constant`: not at all.
        gradient_clip_norm: Largest norm of the gradients. With 0, gradients are not clipped.
        ema: If it is above 0, validation and the trained network use exponential moving averages
            of the weights. It is the share, below 1, that the average keeps in each step.

    Raises:
        ValueError: If an option is not one of its choices, or out of range.

    References:
        Acceleration of Stochastic Approximation by Averaging (Polyak, Juditsky, 1992): `ema`
        Adam: A Method for Stochastic Optimization (Kingma, Ba, 2015)
        SGDR: Stochastic Gradient Descent with Warm Restarts (Loshchilov, Hutter, 2017)

    Example:
        >>> class Constant(latentune.Learner):
        ...     def __init__(self, data, lr=0.1, **training):
        ...         super().__init__(lr, **training)
        ...         self.item = torch.nn.Parameter(torch.zeros(data.shape))
        ...     def terms(self, batch):
        ...         return {"mse": ((batch[0] - self.item) ** 2).mean()}
        ...     def loss(self, terms):
        ...         return terms["mse"]
        >>> constant = Constant(latentune.DataSpec((1, 8, 8)), l2=1e-3)
        >>> constant.terms([torch.ones(5, 1, 8, 8)])["mse"].item()
        1.0
    """

    def __init__(
        self,
        lr: float,
        l1: float = 0.0,
        l2: float = 0.0,
        optimizer: str = "adam",
        momentum: float = 0.9,
        schedule: str = "cosine",
        gradient_clip_norm: float = 0.0,
        ema: float = 0.0,
    ) -> None:
        super().__init__()
        check_choice("optimizer", optimizer, OPTIMIZERS)
        check_choice("schedule", schedule, SCHEDULES)
        check_least(0, gradient_clip_norm=gradient_clip_norm)
        if not 0 <= ema < 1:
            raise ValueError(f"ema (={ema}) must be at least 0 and below 1.")
        self.save_hyperparameters(ignore=["data", "codec"])  # also the arguments of the subclass
        self.lr, self.l1, self.l2 = lr, l1, l2
        self.optimizer, self.momentum, self.schedule = optimizer, momentum, schedule
        self.gradient_clip_norm, self.ema = gradient_clip_norm, ema
        self._train_terms: dict[str, GrowingTensor] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_current_fx_name":
            # Lightning sets it 47 times a step, and PyTorch would check if it is a parameter.
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @abstractmethod
    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """Returns the values to log, such as `mse`, by name; each is a mean over a batch."""

    @abstractmethod
    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        """Returns the loss without the L1 penalty, given the result of `terms`."""

    def parameter_groups(self) -> ParameterGroups:
        """Returns the parameters that are trained."""
        return [{"params": list(self.parameters())}]

    def configure_callbacks(self) -> list[pl.Callback]:
        """Returns the callback that averages weights, if there shall be averages."""
        return [EMAWeightAveraging(decay=self.ema)] if self.ema else []

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Puts averages into a checkpoint of weights only, for which no callback is asked."""
        if self.ema and "callbacks" not in checkpoint:
            for callback in self.trainer.callbacks:  # type: ignore[attr-defined]
                if isinstance(callback, EMAWeightAveraging):
                    callback.on_save_checkpoint(self.trainer, self, checkpoint)
                    del checkpoint["current_model_state"], checkpoint["averaging_state"]

    def on_train_batch_start(self, batch: Batch | BatchGroup, batch_idx: int) -> None:
        """Trains on the batches of a group except the last one, which is left to Lightning."""
        if isinstance(batch, BatchGroup):
            for earlier in batch[:-1]:
                self._train_on(earlier, batch_idx)

    def _train_on(self, batch: Batch, batch_idx: int) -> None:
        """Does what Lightning does in a step without mixed precision."""
        optimizer: Any = self.optimizers(use_pl_optimizer=False)
        scheduler: Any = self.lr_schedulers()
        loss = self.training_step(batch, batch_idx)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.on_before_optimizer_step(optimizer)
        self.configure_gradient_clipping(
            optimizer, self.trainer.gradient_clip_val, self.trainer.gradient_clip_algorithm
        )
        optimizer.step()
        if self.schedule == "cosine":  # the only one that changes in each step
            scheduler.step()

    def training_step(self, batch: Batch | BatchGroup, batch_idx: int) -> Tensor:
        terms = self.terms(batch[-1] if isinstance(batch, BatchGroup) else batch)
        loss = self.loss(terms)
        self._collect_terms(terms | {"loss": loss})
        return loss

    def _collect_terms(self, terms: dict[str, Tensor]) -> None:
        for name, term in terms.items():
            self._train_terms.setdefault(name, GrowingTensor()).append(term[None])

    def on_train_epoch_start(self) -> None:
        self._train_terms = {}

    def on_train_epoch_end(self) -> None:
        # Once an epoch, because logging in every step takes a tenth of its time.
        for name, values in self._train_terms.items():
            self.log(f"train_{name}", values.rows.mean())

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self._log_terms("val", batch)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        self._log_terms("test", batch)

    def _log_terms(self, part: str, batch: Batch) -> None:
        for name, term in self.terms(batch).items():
            self.log(f"{part}_{name}", term, batch_size=len(batch[0]))

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Adds the gradient of the L1 penalty directly, which is faster than autograd."""
        if not self.l1:
            return
        trained = [(p.detach(), p.grad) for p in self.parameters() if p.grad is not None]
        values, gradients = zip(*trained, strict=True)
        torch._foreach_add_(gradients, torch._foreach_sign(values), alpha=self.l1)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        if self.gradient_clip_norm:
            clip_grad_norm_(self.parameters(), self.gradient_clip_norm)
        elif gradient_clip_val is not None:  # the options of the trainer
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Returns the optimizer with its learning rate schedule."""
        return self.build_optimizer(self.parameter_groups())

    def build_optimizer(self, groups: ParameterGroups) -> OptimizerLRSchedulerConfig:
        """Returns an optimizer of parameters and its learning rate schedule, for Lightning."""
        options: dict[str, Any] = {"lr": self.lr, "weight_decay": self.l2}
        # A fused optimizer unscales gradients itself, after the L1 penalty and clipping.
        options["fused"] = self.trainer.precision != "16-mixed"
        optimizer: torch.optim.Optimizer
        if self.optimizer == "adam":
            optimizer = torch.optim.Adam(groups, betas=(self.momentum, 0.999), **options)
        else:
            optimizer = torch.optim.SGD(groups, momentum=self.momentum, **options)
        interval = "step" if self.schedule == "cosine" else "epoch"
        scheduler = self._make_scheduler(optimizer)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {
                "scheduler": scheduler,
                "interval": interval,
                "monitor": "train_loss",
            },
        }

    def _make_scheduler(self, optimizer: torch.optim.Optimizer) -> LRScheduler:
        max_epochs = self.trainer.max_epochs
        epochs = max_epochs if max_epochs and max_epochs > 0 else sys.maxsize
        if self.schedule == "cosine":
            steps = self.trainer.estimated_stepping_batches  # may be infinite
            loader = self.trainer.train_dataloader
            if isinstance(loader, BatchGroups):
                steps = epochs * len(loader.batches)
            return CosineAnnealingLR(optimizer, T_max=int(min(steps, sys.maxsize)))
        if self.schedule == "plateau":
            return ReduceLROnPlateau(optimizer, patience=max(1, epochs // 10))
        is_step = self.schedule == "step"
        return StepLR(optimizer, max(1, -(-epochs // 3)) if is_step else sys.maxsize)


def check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """Raises ValueError if the value of the option `name` is not one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} (={value!r}) must be one of {', '.join(choices)}.")


def check_least(least: float, **options: float) -> None:
    """Raises ValueError if the value of an option is below `least`."""
    for name, value in options.items():
        if not value >= least:
            raise ValueError(f"{name} (={value}) must be at least {least}.")


def check_above_zero(**options: float) -> None:
    """Raises ValueError if the value of an option is not above 0."""
    for name, value in options.items():
        if not value > 0:
            raise ValueError(f"{name} (={value}) must be above 0.")
