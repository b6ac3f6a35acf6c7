"""Objective: the function that Optuna optimizes. It trains a trial's model and returns metrics."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import optuna
import pytorch_lightning as pl
from optuna.trial import BaseTrial, Trial
from pytorch_lightning.callbacks import EarlyStopping

from ..models.types import Direction, MetricCallbackFactory, Space
from ..storage.trial_record import Provenance, read_trial_record, write_trial_record
from .cost_measures import LogCosts
from .data.batches import set_batch_size
from .data.data_error import DataError
from .data.describe_object import accepts_arguments, describe_object
from .limits import check_limits
from .memory_errors import describe_memory_errors, free_memory
from .model_record import model_record
from .network_costs import COSTS
from .provenance import current_provenance
from .resumable_checkpoint import LastEpochCheckpoint
from .trainer import PRECISIONS, fit, quiet_trainer
from .training_errors import (
    DivergenceError,
    LimitError,
    MonitorError,
    StopRequested,
    TimeOver,
    TrialFailed,
    TrialOutOfMemory,
)
from .trial_score import MetricTracker, TrialScore

BATCH_NORM_ERROR = "more than 1 value per channel"
"""Part of PyTorch's error message about batch normalization of one item."""
RESUME_KEYS = ("seed", "data_fingerprint", "git_commit", "versions")
"""The provenance of a trial that must be unchanged if the trial resumes from a checkpoint."""


def _no_callbacks(trial: Trial) -> Sequence[pl.Callback]:
    return ()


@dataclass(frozen=True)
class Objective:
    """Trains the model of a trial, and returns the trial's metrics.

    Attributes:
        model: The search space: takes a trial and a `DataSpec`, and returns a model.
        data: Returns a data module; it is called once per training. The module has a `DataSpec` as
            `spec`. If the space suggests a parameter `batch_size`, the attribute of this name of
            the module is set to it.
        metrics: Names of the metrics to optimize, which the model logs in validation, with their
            directions. One metric is taken from its best epoch. Several metrics are taken from the
            last epoch, and the trial is never pruned. A cost of the network, such as `params`, is
            a metric too.
        metric_callbacks: Functions without arguments. Each returns a callback that logs another
            metric, in trials and in the final training.
        max_epochs: Number of epochs of a trial that is not stopped early, at least 1.
        early_stopping_patience: A trial ends after this number of epochs without improvement, at
            least 1. If None, it is a fifth of `max_epochs`, but at least 10.
        repeats: Number of trainings of each trial, at least 1. The value of a trial is the mean
            over its trainings. If there are several, the trial reports one value per training to
            Optuna, not one per epoch.
        folds: Number of folds, at least 2. Each trial is trained once per fold, with that fold as
            the validation part. The data module must have a method `fold`, as `TensorData` has.
        limits: The largest allowed costs of the network by name, such as `{"params": 30_000}`. A
            trial that exceeds one is not trained: it fails, and is recorded as rejected.
        precision: Precision of the trainings: `32`, `bf16` or `16`, as in `PRECISIONS`.
        seed: Trial number n trains with `seed` + n. In a trial with several trainings, training
            number n uses `seed` + n instead. Numbers start at 0. A search sets `seed` to the
            study's seed.
        callbacks: Takes a trial, and returns Lightning callbacks for it. They are not used in the
            final training.
        last_epoch: Takes a trial, and returns the path of the checkpoint from which the trial
            resumes. If None, no checkpoint is written.

    Example:
        >>> from functools import partial
        >>> from latentune.search_spaces.autoencoder_spaces import conv_ae
        >>> digits = partial(latentune.TensorData, "digits", batch_size=500)
        >>> study = optuna.create_study()
        >>> study.optimize(latentune.Objective(conv_ae, digits, max_epochs=1), n_trials=1)
        >>> study.best_value < 1
        True
    """

    model: Space
    data: Callable[[], Any]
    metrics: Mapping[str, Direction] = field(default_factory=lambda: {"val_mse": "minimize"})
    metric_callbacks: Sequence[MetricCallbackFactory] = ()
    max_epochs: int = 10
    early_stopping_patience: int | None = None
    repeats: int = 1
    folds: int | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    precision: str = "32"
    seed: int = 0
    callbacks: Callable[[Trial], Sequence[pl.Callback]] = _no_callbacks
    last_epoch: Callable[[Trial], Path] | None = None

    def __post_init__(self) -> None:
        model, data = describe_object(self.model), describe_object(self.data)
        if isinstance(self.model, pl.LightningModule) or not accepts_arguments(self.model, 2):
            raise DataError(f"the space is {model}, not a function of a trial and a DataSpec")
        if not callable(self.data):
            raise DataError(
                f"the data are {data}, not a function that makes a data module: write partial(...)"
            )
        if not isinstance(self.metrics, Mapping):
            found = describe_object(self.metrics)
            raise MonitorError(f'metrics are named as {{"val_mse": "minimize"}}, not as {found}')
        if self.precision not in PRECISIONS:
            raise DataError(f"precision {self.precision!r} is none of {', '.join(PRECISIONS)}")
        for name in self.limits.keys() - COSTS.keys():
            raise MonitorError(f"{name!r} cannot be limited, but {', '.join(COSTS)} can")
        if callable(self.metric_callbacks):  # a single one
            object.__setattr__(self, "metric_callbacks", (self.metric_callbacks,))

    @property
    def monitor(self) -> tuple[str, Direction] | None:
        """The metric that selects the best epoch, and its direction; None with several metrics."""
        return next(iter(self.metrics.items())) if len(self.metrics) == 1 else None

    @property
    def cost_names(self) -> tuple[str, ...]:
        """The names of the costs that are limited or optimized."""
        return tuple(dict.fromkeys([*self.limits, *self._cost_metrics]))

    @property
    def _cost_metrics(self) -> list[str]:
        return [name for name in self.metrics if name in COSTS]

    @property
    def n_trainings(self) -> int:
        """The number of trainings of each trial."""
        return self.folds or self.repeats

    @property
    def n_reports(self) -> int:
        """Number of values that a complete trial reports to Optuna: one per epoch or training."""
        return self.max_epochs if self.n_trainings == 1 else self.n_trainings

    def __call__(self, trial: Trial) -> float | tuple[float, ...]:
        """Trains the trial's model, returns its metrics, and records how to train it again.

        Raises:
            optuna.TrialPruned: If the study's pruner stops the trial.
            TrialFailed: If a metric diverges, memory runs out, a cost exceeds its limit, or a time
                limit ends a training before its first epoch.
            MonitorError: If the model does not log a metric.
            StopRequested: If `StopOnRequest` ended the training.
            KeyboardInterrupt: On Ctrl-C.
        """
        score = TrialScore(trial, self.metrics, self.n_trainings)
        try:
            score.report()
            for run in range(len(score.outcomes), self.n_trainings):
                try:
                    self._train(trial, run, score.start_training())
                except TimeOver as end:
                    score.record_time_limit(end)
                score.finish_training()
                score.report()
        except optuna.TrialPruned:
            score.record_outcome("pruned")
            raise
        except (DivergenceError, LimitError, TimeOver, TrialOutOfMemory) as error:
            score.record_outcome(_first_line(error))
            raise TrialFailed(_first_line(error)) from error
        except StopRequested:
            raise
        except Exception as error:
            score.record_outcome(f"{type(error).__name__}: {_first_line(error)}")
            raise
        finally:
            free_memory()
        score.record_outcome(self._end_reason(score))
        return score.values[0] if self.monitor else score.values

    def _train(self, trial: Trial, run: int, tracker: pl.Callback) -> None:
        """Runs training number `run` of a trial; resumes it if it has a checkpoint."""
        seed = self.seed + (trial.number if self.n_trainings == 1 else run)
        pl.seed_everything(seed, verbose=False)
        data = self.data()
        provenance = current_provenance(seed, data)
        if self.folds:
            data = data.fold(run, self.folds)
        with describe_memory_errors(trial, data):
            self._fit(trial, run, tracker, data, provenance)

    def _fit(
        self, trial: Trial, run: int, tracker: pl.Callback, data: Any, provenance: Provenance
    ) -> None:
        model = self.model(trial, data.spec)
        set_batch_size(data, trial.params)
        if run == 0:
            record = model_record(model, provenance)
            # Each write is a transaction.
            write_trial_record(trial, record.changes_from(read_trial_record(trial)))
            check_limits(trial, model, data, self.cost_names, self.limits)
        callbacks = [
            *self.make_metric_callbacks(read_trial_record(trial).costs),
            tracker,
            *self._early_stopping(),
            *self.callbacks(trial),
        ]
        if self.last_epoch is None:
            fit(self._make_trainer(callbacks, data), model, data)
            return
        agree = {key: getattr(provenance, key) for key in RESUME_KEYS}
        params = json.dumps(trial.params, sort_keys=True)  # as text, NaN equals itself
        settings = {"params": params, "run": run, **agree}
        checkpoint = LastEpochCheckpoint(self.last_epoch(trial), settings)
        callbacks.append(checkpoint)
        trainer = self._make_trainer(callbacks, data, enable_checkpointing=True)
        resume_from = checkpoint.find_resumable(model)
        if resume_from is not None:
            model.strict_loading = False  # checkpoints of trials lack frozen encoders
        fit(trainer, model, data, resume_from)

    def make_metric_callbacks(self, costs: Mapping[str, float] = {}) -> list[pl.Callback]:
        """Returns new callbacks that log the metrics which the model does not compute itself.

        `costs` are the known costs of the network.
        """
        found = [make_callback() for make_callback in self.metric_callbacks]
        names = self._cost_metrics
        return [LogCosts(names, costs), *found] if names else found

    def _make_trainer(
        self, callbacks: Sequence[pl.Callback], data: Any, **options: Any
    ) -> pl.Trainer:
        precision = PRECISIONS[self.precision]
        return quiet_trainer(self.max_epochs, callbacks, data, precision=precision, **options)

    def _end_reason(self, score: TrialScore) -> str:
        time_over = "" if score.time_limit is None else str(TimeOver(score.time_limit))
        if self.n_trainings > 1:
            spread = ", ".join(f"{std:.2g}" for std in score.spread)
            trainings = "folds" if self.folds else "seeds"
            mean = f"mean of {self.n_trainings} {trainings}, spread {spread}"
            return f"{mean}, {time_over}" if time_over else mean
        if time_over:
            return time_over
        if score.outcomes[0].epochs == self.max_epochs:
            return "all epochs"
        return f"no better for {self._patience} epochs"

    @property
    def _patience(self) -> int:
        default = max(10, self.max_epochs // 5)
        given = self.early_stopping_patience
        return default if given is None else given

    def _early_stopping(self) -> list[EarlyStopping]:
        if self.monitor is None:
            return []
        name, way = self.monitor
        mode = "min" if way == "minimize" else "max"
        return [EarlyStopping(name, mode=mode, patience=self._patience, check_finite=False)]

    def sanity_check(self, trial: BaseTrial) -> None:
        """Trains and validates one batch with a trial outside any study, to find bugs early.

        Raises:
            MonitorError: If the model does not log a metric.
            DataError: If a batch has one item, and a layer needs more.
        """
        data = self.data()
        callbacks = self.make_metric_callbacks()
        callbacks.append(MetricTracker(self.metrics))
        once = replace(self, max_epochs=1)
        trainer = once._make_trainer(callbacks, data, limit_train_batches=1, limit_val_batches=1)
        try:
            with describe_memory_errors(trial, data):
                model = self.model(trial, data.spec)
                set_batch_size(data, trial.params)
                fit(trainer, model, data)
        except (DivergenceError, TrialOutOfMemory):
            pass  # a trial would fail by itself, but others may not
        except ValueError as error:
            if BATCH_NORM_ERROR not in str(error):
                raise
            raise DataError(
                "a batch of one item has no statistics for batch norm: `batch_size=` must be at "
                "least 2"
            ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
