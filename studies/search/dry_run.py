"""Measures two batches, and says from them how long a planned search will take."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from ...objectives.data.batches import set_batch_size
from ...objectives.model_record import model_record
from ...objectives.progress import format_duration
from ...objectives.trainer import PRECISIONS, fit, quiet_trainer
from ...objectives.training_errors import DivergenceError
from ...objectives.trial_score import MetricTracker
from ...search_spaces.suggestions import random_trials, replay
from ...storage.trial_outcome import finished_trials
from ..study.forecast.epoch_shares import expected_shares
from ..study.forecast.time_left import work_seconds
from ..study.study_lookup import find_study
from .search_plan import SearchPlan

MEASURED = 2
"""Number of batches that are measured, in training and in validation."""
EPOCHS = 2
"""The last epoch is measured. In the first, memory is allocated and algorithms are chosen."""


@dataclass
class BatchTimer(pl.Callback):
    """A callback that notes when the batches of the last epoch end.

    Attributes:
        train: Times after training batches, in seconds; the first time is before them.
        validation: Times after validation batches; the first time is before them.
        end: Time at the end of the validation, with its metrics.
        n_train: Number of training batches in an epoch; None if the data do not know it.
        n_validation: Number of validation batches.
    """

    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    end: float = 0.0
    n_train: int | None = None
    n_validation: int | None = None

    def on_train_epoch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        self.n_train = _length(trainer.train_dataloader)
        self.train = [_now()]

    def on_train_batch_end(self, *_: Any) -> None:
        self.train.append(_now())

    def on_validation_epoch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        self.n_validation = _length(trainer.val_dataloaders)
        self.validation = [_now()]

    def on_validation_batch_end(self, *_: Any) -> None:
        self.validation.append(_now())

    def on_validation_end(self, *_: Any) -> None:
        self.end = _now()


@dataclass(frozen=True)
class DryRun:
    """What a planned search is expected to take.

    Attributes:
        parameters: Number of trained weights of the first configuration.
        batches: Number of training and of validation batches in an epoch; None if not known.
        batch_seconds: Seconds of a training batch and of a validation batch.
        epoch_seconds: Seconds of an epoch with its validation; None if not known.
        trials: Number of trials that the search runs.
        epochs: Number of epochs of a trial that is not pruned, over all its trainings.
        share: Expected share of these epochs that trials train for.
        pruner: Name of the pruner.
        workers: Number of workers.
        seconds: Seconds of the search; None if not known.
    """

    parameters: int
    batches: tuple[int, int] | None
    batch_seconds: tuple[float, float]
    epoch_seconds: float | None
    trials: int
    epochs: int
    share: float
    pruner: str
    workers: int
    seconds: float | None

    def rows(self) -> dict[str, str]:
        """Returns the rows of the table that `--dry-run` prints."""
        train, validation = map(_seconds_text, self.batch_seconds)
        rows = {
            "network": f"{self.parameters:,} trained weights in the first trial",
            "measured": f"a training batch {train}, a validation batch {validation}",
        }
        if self.batches is None or self.epoch_seconds is None or self.seconds is None:
            return rows | {"duration": "not known: the data do not say how many batches they have"}
        rows["epoch"] = (
            f"about {_seconds_text(self.epoch_seconds)}: {self.batches[0]:,} training and "
            f"{self.batches[1]:,} validation batches"
        )
        rows["duration"] = (
            f"about {format_duration(self.seconds)}: {self.trials} trials of {self.epochs} epochs "
            f"with {'1 worker' if self.workers == 1 else f'{self.workers} workers'}, if "
            f"{self._assumption} and others take as long as the first"
        )
        return rows

    @property
    def _assumption(self) -> str:
        if self.share == 1:
            return "none is pruned"
        return f"{self.pruner} leaves them {self.share:.0%} of these epochs".replace("%", " %")


def dry_run(plan: SearchPlan) -> DryRun:
    """Returns what a planned search is expected to take; it writes nothing.

    The first configuration of the search trains on two batches and is validated on two, after as
    many for warming up. The share of epochs that trials train for before they are pruned is that
    of recorded searches.

    Raises:
        MonitorError: If the model does not log a metric.
        DataError: If the data is missing or broken.
    """
    objective, threads = plan.spec.objective, torch.get_num_threads()
    data, timer = objective.data(), BatchTimer()
    trainer = quiet_trainer(
        EPOCHS,
        [*objective.make_metric_callbacks(), MetricTracker(objective.metrics), timer],
        data,
        precision=PRECISIONS[objective.precision],
        limit_train_batches=MEASURED,
        limit_val_batches=MEASURED,
    )
    if plan.first:
        model = replay(objective.model, plan.first[0], data.spec)
        set_batch_size(data, plan.first[0])
    else:
        trial = random_trials(1)[0]
        model = objective.model(trial, data.spec)
        set_batch_size(data, trial.params)
    torch.set_num_threads(max(1, threads // plan.workers))
    try:
        fit(trainer, model, data)
    except DivergenceError:
        pass  # a few batches may diverge
    finally:
        torch.set_num_threads(threads)
    return _extrapolate(plan, timer, model_record(model).parameters or 0)


def _extrapolate(plan: SearchPlan, timer: BatchTimer, parameters: int) -> DryRun:
    train, validation = _batch_seconds(timer.train), _batch_seconds(timer.validation)
    epoch = batches = seconds = None
    objective, study = plan.spec.objective, find_study(plan.storage, plan.name)
    done = 0 if study is None else len(finished_trials(study.get_trials(deepcopy=False)))
    shares = expected_shares(plan.pruner, plan.sampler, max(plan.trials, done))[done:]
    epochs = objective.max_epochs * objective.n_trainings
    workers = max(1, min(plan.workers, len(shares)))
    if timer.n_train is not None and timer.n_validation is not None:
        batches = timer.n_train, timer.n_validation
        metrics = timer.end - timer.validation[-1]
        epoch = batches[0] * train + batches[1] * validation + metrics
        seconds = work_seconds(shares * epochs * epoch, workers) if len(shares) else 0.0
    return DryRun(
        parameters=parameters,
        batches=batches,
        batch_seconds=(train, validation),
        epoch_seconds=epoch,
        trials=len(shares),
        epochs=epochs,
        share=float(np.mean(shares)) if len(shares) else 1.0,
        pruner=plan.pruner,
        workers=workers,
        seconds=seconds,
    )


def _batch_seconds(times: Sequence[float]) -> float:
    return float(np.diff(times).mean())


def _length(loader: Any) -> int | None:
    try:
        return len(loader)
    except TypeError:  # an iterable data set
        return None


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()  # the GPU computes while Python goes on
    return perf_counter()


def _seconds_text(seconds: float) -> str:
    if seconds < 0.1:
        return f"{1000 * seconds:.2g} ms"
    return f"{seconds:.2g} s" if seconds < 10 else format_duration(seconds)
