"""BatchSizeSpace: a search space that also suggests the batch size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the options of a study name the parameter, and import nothing heavy
    from optuna.trial import BaseTrial
    from pytorch_lightning import LightningModule

    from ..models.data_spec import DataSpec
    from ..models.types import Space

BATCH_SIZE = "batch_size"
"""The parameter that is the number of items in a training batch."""
MAX_BATCH_SIZE = 2**20


@dataclass(frozen=True)
class BatchSizeSpace:
    """A search space that suggests `batch_size` beside the parameters of another space.

    The model does not depend on it. The objective gives it to the data module.

    Attributes:
        space: The other search space.
    """

    space: Space

    def __call__(self, trial: BaseTrial, data: DataSpec) -> LightningModule:
        """Suggests the batch size, and builds the model of the other space."""
        size = trial.suggest_int(BATCH_SIZE, 1, MAX_BATCH_SIZE, log=True)
        if size < 1:
            raise ValueError(f"{BATCH_SIZE} must be at least 1, not {size}")
        return self.space(trial, data)
