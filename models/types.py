"""Types that all packages share. This file does not import torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from optuna.trial import BaseTrial
    from pytorch_lightning import Callback, LightningModule

    from .data_spec import DataSpec

Direction = Literal["minimize", "maximize"]
"""Whether smaller or larger values of a metric are better, as Optuna spells it."""

MetricCallbackFactory = Callable[[], "Callback"]
"""Returns a Lightning callback that logs a metric which the model does not compute itself."""


class Space(Protocol):
    """A search space: a function that returns a model, built with a trial's suggestions."""

    def __call__(self, trial: BaseTrial, data: DataSpec, /) -> LightningModule:
        """Returns the model for a trial and a description of the data."""
        ...
