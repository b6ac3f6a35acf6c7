"""The objective: a frozen callable that turns a trial into a number."""

import gc
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import pytorch_lightning as pl
import torch
from optuna.trial import BaseTrial, Trial
from pytorch_lightning.callbacks import EarlyStopping

from ..models.data_spec import DataSpec
from .data.data_error import DataError
from .data.describe_object import accepts_arguments, describe_object
from .epoch_callbacks import (
    MODES,
    PROVENANCE,
    Direction,
    DivergenceError,
    MetricTracker,
    MonitorError,
)
from .last_epoch_checkpoint import LastEpochCheckpoint
from .provenance import git_commit, machine, versions
from .trainer import fit, quiet_trainer
from .trial_score import TrialScore

Space = Callable[[BaseTrial, DataSpec], pl.LightningModule]
"""Builds a model for data from what a trial suggests."""

CallbackFactory = Callable[[], pl.Callback]
"""Makes a callback that logs a metric which the model cannot know by itself."""

Callbacks = Callable[[Trial], Sequence[pl.Callback]]


BATCH_NORM_ERROR = "more than 1 value per channel"
"""What PyTorch says of batch norm, if a batch holds a single item."""


HPARAMS = "hparams"
"""What a trial records the options of its model under, once all its values are chosen."""
RESUME_KEYS = ("seed", "data_fingerprint", "git_commit", "versions")
"""Of a trial's provenance, what must be as it was if it is to go on from its last epoch."""


class StopRequested(Exception):  # noqa: N818 - it is no error
    """The user asked to stop."""


class StopOnRequest(pl.Callback):
    """Ends training between two batches, where nothing is half written.

    Args:
        stop: Set when training is to end.
    """

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop

    def on_train_batch_start(self, *args: Any) -> None:
        if self.stop.is_set():
            raise StopRequested

    def on_validation_batch_start(self, *args: Any) -> None:
        if self.stop.is_set():
            raise StopRequested


class TrialFailed(RuntimeError):  # noqa: N818 - it is a state of a trial
    """A trial that diverged or did not fit into memory; the study goes on without it."""


def _no_callbacks(trial: Trial) -> Sequence[pl.Callback]:
    return ()


@dataclass(frozen=True)
class Objective:
    """Builds a model from a trial, trains it, and returns the metrics of its best epoch.

    Attributes:
        model: The search space: builds a model from a trial and a `DataSpec`.
        data: Makes the data module, whose `spec` is a `DataSpec`. It is called once a trial.
        metrics: Names of metrics that the model or a judge logs in validation, and which way each
            is better. Of one, a trial is worth its best epoch. Of several, it is worth all of
            them after its last epoch, it is never pruned, and the study looks for the best
            compromises.
        metric_callbacks: Make the callbacks that log further metrics, in trials and in final
        training.
        max_epochs: Epochs of a trial that is not pruned, at least 1.
        patience: Epochs without a better one after which a trial ends, at least 1. If None, a
            fifth of `max_epochs`, but at least 10.
        repeats: How often each trial is trained, at least 1. It is then worth the mean, and
            reports what each training is worth in place of its epochs.
        folds: If not None, each trial is trained so often, at least twice, and each time another
            part of the data validates; they need a method `fold` for that, as `TensorData` has.
        seed: Trial number n trains with seed + n; of several trainings, number n of each trial
            does, counted from 0. A search puts its own seed here.
        callbacks: Makes Lightning callbacks for a trial alone, such as one that ends it.
        last_epoch: Names the file in which the last epoch of a trial is kept until it has ended.
            A trial that was stopped goes on from there. If None, nothing is kept.

    Example:
        >>> from functools import partial
        >>> from latentune.search_spaces.autoencoder import conv_ae
        >>> digits = partial(latentune.TensorData, "digits", batch_size=500)
        >>> study = optuna.create_study()
        >>> study.optimize(latentune.Objective(conv_ae, digits, max_epochs=1), n_trials=1)
        >>> study.best_value < 1
        True
    """

    model: Space
    data: Callable[[], Any]
    metrics: Mapping[str, Direction] = field(default_factory=lambda: {"val_mse": "minimize"})
    metric_callbacks: Sequence[CallbackFactory] = ()
    max_epochs: int = 10
    patience: int | None = None
    repeats: int = 1
    folds: int | None = None
    seed: int = 0
    callbacks: Callbacks = _no_callbacks
    last_epoch: Callable[[Trial], Path] | None = None

    def __post_init__(self) -> None:
        model, data = describe_object(self.model), describe_object(self.data)
        if isinstance(self.model, pl.LightningModule) or not accepts_arguments(self.model, 2):
            raise DataError(f"the space is {model}, not a function of a trial and a DataSpec")
        if not callable(self.data):
            raise DataError(f"the data are {data}, not what makes one: write partial(...) of it")
        if not isinstance(self.metrics, Mapping):
            found = describe_object(self.metrics)
            raise MonitorError(f'metrics are named as {{"val_mse": "minimize"}}, not as {found}')
        if callable(self.metric_callbacks):  # one is a list of one
            object.__setattr__(self, "metric_callbacks", (self.metric_callbacks,))

    @property
    def monitor(self) -> tuple[str, Direction] | None:
        """The metric by which an epoch is better than another; None if there are several."""
        return next(iter(self.metrics.items())) if len(self.metrics) == 1 else None

    @property
    def runs(self) -> int:
        """How often each trial is trained."""
        return self.folds or self.repeats

    @property
    def n_reports(self) -> int:
        """How many values a trial reports that is not pruned: of its epochs, or its trainings."""
        return self.max_epochs if self.runs == 1 else self.runs

    def __call__(self, trial: Trial) -> float | tuple[float, ...]:
        """Trains the trial's model and records what is needed to train it again.

        Raises:
            optuna.TrialPruned: If the study's pruner gives the trial up.
            TrialFailed: If the metric diverges or memory runs out.
            MonitorError: If the model never logs the monitored metric.
            StopRequested: If a callback was asked to stop.
            KeyboardInterrupt: On Ctrl-C.
        """
        score = TrialScore(trial, self.metrics, self.runs)
        try:
            score.report()
            for run in range(len(score.outcomes), self.runs):
                self._train(trial, run, score.start_training())
                score.finish_training()
                score.report()
        except optuna.TrialPruned:
            score.record_outcome("pruned")
            raise
        except (DivergenceError, torch.OutOfMemoryError) as error:
            score.record_outcome(_first_line(error))
            raise TrialFailed(_first_line(error)) from error
        except StopRequested:
            raise
        except Exception as error:
            score.record_outcome(f"{type(error).__name__}: {_first_line(error)}")
            raise
        finally:
            _free_memory()
        score.record_outcome(self._end_reason(score))
        return score.values[0] if self.monitor else score.values

    def _train(self, trial: Trial, run: int, follow: pl.Callback) -> None:
        """Trains once, from where the same training was stopped if that was kept."""
        seed = self.seed + (trial.number if self.runs == 1 else run)
        pl.seed_everything(seed, verbose=False)
        data = self.data()
        provenance = _provenance(seed, data)
        if self.folds:
            data = data.fold(run, self.folds)
        model = self.model(trial, data.spec)
        if run == 0:
            known = trial.user_attrs
            for name, value in ({PROVENANCE: provenance} | model_attributes(model)).items():
                if known.get(name) != value:  # each that is written is a transaction
                    trial.set_user_attr(name, value)
        callbacks = [
            *(make_callback() for make_callback in self.metric_callbacks),
            follow,
            *self._early_stopping(),
            *self.callbacks(trial),
        ]
        if self.last_epoch is None:
            fit(quiet_trainer(self.max_epochs, callbacks, data), model, data)
            return
        agree = {name: provenance[name] for name in RESUME_KEYS}
        params = json.dumps(trial.params, sort_keys=True)  # in which NaN equals itself
        settings = {"params": params, "run": run, **agree}
        keep = LastEpochCheckpoint(self.last_epoch(trial), settings)
        trainer = quiet_trainer(
            self.max_epochs, [*callbacks, keep], data, enable_checkpointing=True
        )
        last = keep.find_resumable(model)
        if last is not None:
            model.strict_loading = False  # a frozen encoder is not kept with each trial
        fit(trainer, model, data, last)

    def _end_reason(self, score: TrialScore) -> str:
        """Says why a trial is complete."""
        if self.runs > 1:
            spread = ", ".join(f"{std:.2g}" for std in score.spread)
            return f"mean of {self.runs} {'folds' if self.folds else 'seeds'}, spread {spread}"
        if score.outcomes[0]["epochs"] == self.max_epochs:
            return "all epochs"
        return f"no better for {self._patience} epochs"

    @property
    def _patience(self) -> int:
        return max(10, self.max_epochs // 5) if self.patience is None else self.patience

    def _early_stopping(self) -> list[EarlyStopping]:
        if self.monitor is None:
            return []
        name, way = self.monitor
        patience = self._patience
        return [EarlyStopping(name, mode=MODES[way], patience=patience, check_finite=False)]

    def sanity_check(self, trial: BaseTrial) -> None:
        """Trains one batch of a configuration, so that a bug shows before a study begins.

        Args:
            trial: A trial of no study.

        Raises:
            MonitorError: If the model never logs the monitored metric.
            DataError: If batches hold one item, and a layer needs more.
        """
        data = self.data()
        callbacks = [
            *(make_callback() for make_callback in self.metric_callbacks),
            MetricTracker(self.metrics),
        ]
        trainer = quiet_trainer(1, callbacks, data, limit_train_batches=1, limit_val_batches=1)
        try:
            fit(trainer, self.model(trial, data.spec), data)
        except DivergenceError:
            pass  # one batch may do that; a trial would fail by itself
        except ValueError as error:
            if BATCH_NORM_ERROR not in str(error):
                raise
            raise DataError(
                "a batch of one item has no statistics for batch norm: `batch_size=` must be at "
                "least 2"
            ) from error


def model_attributes(model: pl.LightningModule) -> dict[str, Any]:
    """Returns what a trial records of its model, which may be one without weights."""
    count = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return {HPARAMS: _plain(dict(model.hparams)), "parameters": count}


def _provenance(seed: int, data: Any) -> dict[str, Any]:
    # One record, because each costs a transaction.
    return {
        "seed": seed,
        "data_fingerprint": getattr(data, "fingerprint", None),
        "git_commit": git_commit(),
        "versions": versions(),
        **machine(),
    }


def _plain(value: Any) -> Any:
    """Returns hyperparameters as JSON can hold them."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


def _free_memory() -> None:
    # A trainer and its model refer to each other; without this, their memory piles up over trials.
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
