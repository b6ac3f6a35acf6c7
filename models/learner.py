"""What all families share: how they are optimised, penalised and logged."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, ReduceLROnPlateau, StepLR

Batch = Sequence[Tensor]

ParameterGroups = list[dict[str, Any]]
"""Parameters as optimisers take them, with what differs in each group."""


class Training(TypedDict, total=False):
    """The options of `Learner` that each family passes on, as its keywords."""

    l1: float
    l2: float
    optimiser: str
    momentum: float
    schedule: str
    clip: float


class Learner(pl.LightningModule, ABC):
    """A network with its optimiser: a plain LightningModule, which any Trainer trains.

    A family writes `terms` and `loss`. Means of the terms are logged once an epoch, as
    `train_NAME`, `val_NAME` and `test_NAME`, and the mean loss as `train_loss`.

    Args:
        lr: Learning rate at the start.
        l1: Weight of the sum of absolute parameters, which is added to the loss.
        l2: Weight decay of the optimiser.
        optimiser: `adam` or `sgd`.
        momentum: Momentum of SGD, from 0 to 1; of Adam, it is the first beta.
        schedule: How the rate falls: `cosine` to 0 along a cosine, `step` to a tenth after each
            third of the epochs, `plateau` to a tenth whenever the training loss has not fallen
            for a tenth of the epochs; or `constant`.
        clip: Longest norm of a gradient; 0 leaves them as they are.

    Raises:
        ValueError: If an option is none of its choices, or `clip` is below 0.

    References:
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
        optimiser: str = "adam",
        momentum: float = 0.9,
        schedule: str = "cosine",
        clip: float = 0.0,
    ) -> None:
        super().__init__()
        for name, value, known in (
            ("optimiser", optimiser, OPTIMIZERS),
            ("schedule", schedule, SCHEDULES),
        ):
            if value not in known:
                raise ValueError(f"{name} (={value!r}) must be one of {', '.join(known)}.")
        if clip < 0:
            raise ValueError(f"clip (={clip}) must be at least 0.")
        self.save_hyperparameters(ignore=["data", "codec"])  # those of the family too
        self.lr, self.l1, self.l2, self.clip = lr, l1, l2, clip
        self.optimiser, self.momentum, self.schedule = optimiser, momentum, schedule
        self._train_terms: list[dict[str, Tensor]] = []

    @abstractmethod
    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """Returns what is logged of a batch by name: means over its items, free of weights."""

    @abstractmethod
    def loss(self, terms: dict[str, Tensor]) -> Tensor:
        """Returns what is minimised, given the terms of a batch; l1 is added by itself."""

    def parameter_groups(self) -> ParameterGroups:
        """Returns all parameters that are trained."""
        return [{"params": list(self.parameters())}]

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        terms = self.terms(batch)
        loss = self.loss(terms)
        self._train_terms.append(
            {name: term.detach() for name, term in (terms | {"loss": loss}).items()}
        )
        return loss

    def on_train_epoch_start(self) -> None:
        self._train_terms = []

    def on_train_epoch_end(self) -> None:
        # Once an epoch, because a log in every step is a tenth of its time.
        for name in self._train_terms[0]:
            self.log(
                f"train_{name}", torch.stack([terms[name] for terms in self._train_terms]).mean()
            )

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self._log_terms("val", batch)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        self._log_terms("test", batch)

    def _log_terms(self, part: str, batch: Batch) -> None:
        for name, term in self.terms(batch).items():
            self.log(f"{part}_{name}", term, batch_size=len(batch[0]))

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Adds the gradient of the L1 penalty, its signs, which autograd is slower to find."""
        if not self.l1:
            return
        learning = [(p.detach(), p.grad) for p in self.parameters() if p.grad is not None]
        values, gradients = zip(*learning, strict=True)
        torch._foreach_add_(gradients, torch._foreach_sign(values), alpha=self.l1)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        if self.clip:
            clip_grad_norm_(self.parameters(), self.clip)
        else:  # what a Trainer elsewhere was told
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Returns the optimiser, and how its rate falls over the steps of the trainer."""
        return self.build_optimizer(self.parameter_groups())

    def build_optimizer(self, parameter_groups: ParameterGroups) -> OptimizerLRSchedulerConfig:
        """Returns an optimiser of some parameters, as `configure_optimizers` may return it."""
        optimiser = OPTIMIZERS[self.optimiser](self, parameter_groups)
        interval = "step" if self.schedule == "cosine" else "epoch"
        schedule = SCHEDULES[self.schedule](optimiser, self.trainer)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": interval, "monitor": "train_loss"},
        }


def _can_fuse(model: Learner) -> bool:
    # A fused optimiser takes scaled gradients, and L1 and clipping would meet them scaled.
    return model.trainer.precision != "16-mixed"


def _adam(model: Learner, parameter_groups: ParameterGroups) -> torch.optim.Optimizer:
    betas, fused = (model.momentum, 0.999), _can_fuse(model)
    return torch.optim.Adam(parameter_groups, model.lr, betas, weight_decay=model.l2, fused=fused)


def _sgd(model: Learner, parameter_groups: ParameterGroups) -> torch.optim.Optimizer:
    fused = _can_fuse(model)
    return torch.optim.SGD(
        parameter_groups, model.lr, model.momentum, weight_decay=model.l2, fused=fused
    )


def _max_epochs(trainer: pl.Trainer) -> int:
    return trainer.max_epochs if trainer.max_epochs and trainer.max_epochs > 0 else sys.maxsize


def _cosine(optimiser: torch.optim.Optimizer, trainer: pl.Trainer) -> LRScheduler:
    steps = min(trainer.estimated_stepping_batches, sys.maxsize)  # it may be endless
    return CosineAnnealingLR(optimiser, T_max=int(steps))


def _step(optimiser: torch.optim.Optimizer, trainer: pl.Trainer) -> LRScheduler:
    return StepLR(optimiser, max(1, -(-_max_epochs(trainer) // 3)))


def _plateau(optimiser: torch.optim.Optimizer, trainer: pl.Trainer) -> LRScheduler:
    return ReduceLROnPlateau(optimiser, patience=max(1, _max_epochs(trainer) // 10))


OPTIMIZERS: dict[str, Callable[[Learner, ParameterGroups], torch.optim.Optimizer]] = {
    "adam": _adam,
    "sgd": _sgd,
}
SCHEDULES: dict[str, Callable[[torch.optim.Optimizer, pl.Trainer], LRScheduler]] = {
    "cosine": _cosine,
    "step": _step,
    "plateau": _plateau,
    "constant": lambda optimiser, trainer: StepLR(optimiser, sys.maxsize),
}
