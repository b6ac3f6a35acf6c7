"""A trial without a study, which keeps its reported values in memory."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytorch_lightning as pl
from optuna.trial import FixedTrial

from ...objectives.objective import Objective
from ...objectives.trainer import TrainingProgress


class DetachedTrial(FixedTrial):
    """A trial with fixed parameters and without a study. It keeps reported values in memory.

    Args:
        params: The value of each parameter.
        number: The number of the trial.
        max_reports: The trial is pruned after this number of reports; None for no limit.

    Attributes:
        reports: The reported values by step.
    """

    def __init__(
        self, params: Mapping[str, Any], number: int = 0, max_reports: int | None = None
    ) -> None:
        super().__init__(dict(params), number)
        self.max_reports = max_reports
        self.reports: dict[int, float] = {}

    def report(self, value: float, step: int) -> None:
        self.reports[step] = value

    def should_prune(self) -> bool:
        return self.max_reports is not None and len(self.reports) >= self.max_reports


def with_progress_bar(objective: Objective, title: str) -> Objective:
    """Returns a copy of an objective that shows a progress bar called `title`."""

    def callbacks(trial: Any) -> list[pl.Callback]:
        return [
            *objective.callbacks(trial),
            TrainingProgress(title, next(iter(objective.metrics))),
        ]

    return replace(objective, callbacks=callbacks)
