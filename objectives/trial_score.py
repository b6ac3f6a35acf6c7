"""What a trial is worth: of one training its best epoch, of several of them their mean."""

from collections.abc import Mapping
from statistics import fmean, stdev
from typing import Any

from optuna.trial import BaseTrial

from .epoch_callbacks import Direction, EpochCounter, MetricTracker, PruningCallback, TrialReporter

RUNS = "runs"
"""What a trial of several trainings records under: what each came to that is over."""


class TrialScore:
    """What the trainings of a trial came to, in this process and in those that have died.

    A trial that is trained once reports its epochs. One that is trained several times reports
    what each training is worth, so that it is compared with others on the same seed or fold.

    Args:
        trial: The trial.
        metrics: Names of the metrics, and which way each is better.
        n_trainings: How many trainings it has, at least 1.

    Attributes:
        outcomes: What each training came to that is over: `values`, `epochs` and `best_epoch`.
    """

    def __init__(
        self, trial: BaseTrial, metrics: Mapping[str, Direction], n_trainings: int
    ) -> None:
        self.trial, self.metrics, self.n_trainings = trial, metrics, n_trainings
        self.outcomes: list[dict[str, Any]] = list(trial.user_attrs.get(RUNS, []))
        self._reports = TrialReporter(trial)
        self._tracker: MetricTracker | None = None

    def start_training(self) -> MetricTracker:
        """Returns the callback that follows the next training."""
        if self.n_trainings == len(self.metrics) == 1:
            self._tracker = PruningCallback(self.metrics, self._reports)
        else:
            before = sum(run["epochs"] for run in self.outcomes)
            self._tracker = EpochCounter(self.metrics, self.trial, before)
        return self._tracker

    def finish_training(self) -> None:
        """Takes in what the training has come to that has begun last."""
        assert self._tracker is not None
        self.outcomes.append(_outcome(self._tracker))
        self._tracker = None
        if self.n_trainings > 1:
            self.trial.set_user_attr(RUNS, self.outcomes)

    def report(self) -> None:
        """Reports what the training is worth that ended last, be it in a process that has died.

        Raises:
            optuna.TrialPruned: If the study's pruner gives the trial up.
        """
        step = len(self.outcomes)
        if step and self.n_trainings > 1 and len(self.metrics) == 1:
            (value,) = self.outcomes[-1]["values"]
            self._reports.add(value, step, last=step == self.n_trainings)

    @property
    def values(self) -> tuple[float, ...]:
        """What the trial is worth: the means over its trainings."""
        return tuple(map(fmean, self._columns()))

    @property
    def spread(self) -> tuple[float, ...]:
        """The standard deviations over its trainings, of which there are two at least."""
        return tuple(map(stdev, self._columns()))

    def record_outcome(self, stopped: str) -> None:
        """Writes down on the trial how it ended, and after how many epochs."""
        known = [*self.outcomes, *([_outcome(self._tracker)] if self._tracker else [])]
        self.trial.set_user_attr("stopped", stopped)
        self.trial.set_user_attr("epochs", sum(run["epochs"] for run in known))
        self.trial.set_user_attr("best_epoch", round(fmean(run["best_epoch"] for run in known)))
        if len(self.outcomes) == self.n_trainings > 1:
            spread = self.spread
            self.trial.set_user_attr("spread", spread[0] if len(spread) == 1 else list(spread))

    def _columns(self) -> list[list[float]]:
        return [[run["values"][i] for run in self.outcomes] for i in range(len(self.metrics))]


def _outcome(training: MetricTracker) -> dict[str, Any]:
    return {
        "values": list(training.values),
        "epochs": training.epochs,
        "best_epoch": training.best_epoch,
    }
