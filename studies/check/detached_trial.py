"""A trial of a study, trained apart from it: what it reports is kept, and written nowhere."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytorch_lightning as pl
from optuna.trial import FixedTrial

from ...objectives.objective import Objective
from ...objectives.trainer import TrainingProgress


class DetachedTrial(FixedTrial):
    """Stands for a trial where there is no study.

    Args:
        params: The value of each parameter.
        number: The number of the trial.
        max_reports: Reports after which it is to end, if it has not ended by itself; None for no
        limit.

    Attributes:
        reported: What was reported, by its step.
    """

    def __init__(
        self, params: Mapping[str, Any], number: int = 0, max_reports: int | None = None
    ) -> None:
        super().__init__(dict(params), number)
        self.max_reports = max_reports
        self.reported: dict[int, float] = {}

    def report(self, value: float, step: int) -> None:
        self.reported[step] = value

    def should_prune(self) -> bool:
        return self.max_reports is not None and len(self.reported) >= self.max_reports


def with_progress_bar(objective: Objective, title: str) -> Objective:
    """Returns an objective that shows the batches of each training under a title."""

    def callbacks(trial: Any) -> list[pl.Callback]:
        return [
            *objective.callbacks(trial),
            TrainingProgress(title, next(iter(objective.metrics))),
        ]

    return replace(objective, callbacks=callbacks)
