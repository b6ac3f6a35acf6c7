"""The callback between Lightning and Optuna: reports each epoch, and stops bad trials."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import optuna
import pytorch_lightning as pl
from optuna.trial import BaseTrial

Direction = Literal["minimize", "maximize"]
MODES: dict[Direction, Literal["min", "max"]] = {"minimize": "min", "maximize": "max"}
"""What Lightning calls the directions."""

PRUNED = "pruned"
"""What a trial records the epoch under after which the pruner has given it up."""


class MonitorError(ValueError):
    """The monitored metric is not among those that the model logs."""


class Diverged(ArithmeticError):  # noqa: N818 - it is a state of a trial
    """The monitored metric is no longer a finite number."""


def last_report(trial: BaseTrial) -> int:
    """Returns the last step that a trial has reported; 0 if there is none, or no study."""
    if not isinstance(trial, optuna.Trial):
        return 0
    return max(trial.storage.get_trial(trial._trial_id).intermediate_values, default=0)


class ReportEpochs(pl.Callback):
    """Reports a metric to a trial after every epoch, and remembers what the trial is worth.

    A trial that goes on from before its last report repeats some epochs: nothing is reported or
    asked again of these, and what the pruner has decided once holds.

    optuna-integration's callback needs the `lightning` distribution, and only warns when the
    metric is missing; a study would then never prune and never say so.

    Args:
        trial: The trial to report to.
        metrics: Names of metrics that the model logs in validation, and which way each is
            better. Of one metric the best epoch counts. Of several, between which a trial is a
            compromise, the last epoch does; Optuna takes no reports of them and prunes nothing.
        reported: The last epoch that the trial knows from a process which was stopped.

    Raises:
        MonitorError: After the first epoch, if the model does not log a metric.
        Diverged: After an epoch of which a metric is NaN or infinite.
        optuna.TrialPruned: After an epoch at which the study's pruner gives the trial up.
    """

    def __init__(
        self, trial: BaseTrial, metrics: Mapping[str, Direction], reported: int = 0
    ) -> None:
        self.trial, self.metrics, self.reported = trial, metrics, reported
        self.values: tuple[float, ...] = ()
        self.best_epoch = -1
        self.epochs = 0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        epoch = trainer.current_epoch
        logged = trainer.callback_metrics
        for name in self.metrics:
            if name not in logged:
                names = ", ".join(sorted(logged)) or "nothing"
                raise MonitorError(f"validation never logs {name!r}; it logs: {names}")
        values = tuple(float(logged[name]) for name in self.metrics)
        self.epochs = epoch + 1
        for name, value in zip(self.metrics, values, strict=True):
            if not math.isfinite(value):
                raise Diverged(f"{name} is {value} after epoch {self.epochs}")
        if len(values) > 1 or not self.values or self._better(values[0]):
            self.values, self.best_epoch = values, self.epochs
        if len(values) > 1:
            self.trial.set_user_attr("epochs", self.epochs)  # for who asks how far it has come
            return
        if self.epochs > self.reported:
            self.trial.report(values[0], step=self.epochs)
        # A trial that has had all its epochs is complete, however bad.
        if self.epochs != trainer.max_epochs and self._is_bad():
            raise optuna.TrialPruned(f"pruned after epoch {self.epochs}")

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values, "best_epoch": self.best_epoch, "epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update(state_dict)

    def _is_bad(self) -> bool:
        """Asks the pruner, and writes down at once if it gives the trial up.

        Halving has noted then that the trial has reached a rung, and would let it pass if the
        process died and another one asked.
        """
        if self.trial.user_attrs.get(PRUNED) == self.epochs:
            return True
        if self.epochs < self.reported or not self.trial.should_prune():
            return False
        self.trial.set_user_attr(PRUNED, self.epochs)
        return True

    def _better(self, value: float) -> bool:
        (direction,) = self.metrics.values()
        return value < self.values[0] if direction == "minimize" else value > self.values[0]
