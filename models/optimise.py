"""How the families are trained: one optimiser, one schedule, one penalty."""

import sys
from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn


def annealed_adam(
    module: pl.LightningModule, groups: Iterable[dict[str, Any]]
) -> OptimizerLRSchedulerConfig:
    """Returns Adam whose learning rates fall to 0 along a cosine, over all steps of the trainer.

    Args:
        module: The model that is about to be trained.
        groups: Groups of parameters, each with `params`, `lr` and, if any, `weight_decay`.

    References:
        SGDR: Stochastic Gradient Descent with Warm Restarts (Loshchilov, Hutter, 2017)
    """
    adam = torch.optim.Adam(groups, fused=True)
    steps = min(module.trainer.estimated_stepping_batches, sys.maxsize)  # it may be endless
    anneal = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=int(steps))
    return {"optimizer": adam, "lr_scheduler": {"scheduler": anneal, "interval": "step"}}


def l1_norm(module: nn.Module) -> Tensor:
    """Returns the sum of all absolute parameters.

    One call for all of them: a norm for each parameter costs a kernel launch each.
    """
    return torch.stack(torch._foreach_norm(list(module.parameters()), ord=1)).sum()
