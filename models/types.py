"""Types that every layer of the package shares; this file imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from optuna.trial import BaseTrial
    from pytorch_lightning import Callback, LightningModule

    from .data_spec import DataSpec

Direction = Literal["minimize", "maximize"]
"""Which way a metric is better, as Optuna spells it."""

MetricCallbackFactory = Callable[[], "Callback"]
"""Makes a Lightning callback that logs a metric which the model does not compute itself."""


class Space(Protocol):
    """A search space: a function that builds a model from a trial's suggestions."""

    def __call__(self, trial: BaseTrial, data: DataSpec, /) -> LightningModule:
        """Returns the model, given a trial and a description of the data."""
        ...
