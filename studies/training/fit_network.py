"""The training loop of final training, which saves and logs each epoch and can be resumed."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from ...objectives.history_checkpoint import (
    BEST_CHECKPOINT,
    LAST_CHECKPOINT,
    STATE_KEY,
    HistoryCheckpoint,
)
from ...objectives.threads import ChooseThreads
from ...objectives.trainer import PRECISIONS, TrainingProgress, fit, quiet_trainer
from ...search_spaces.suggestions import replay
from ...storage.checkpoint_file import load_weights, read_checkpoint, read_safely
from ...storage.folder_replacement import find_resumable
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from ...storage.study_export import PARAM_PREFIX
from ..study.checkpoint_lookup import find_checkpoint
from ..study.study_error import StudyError
from ..study.training_options import TrainingOptions
from .network_plots import PlotEachEpoch
from .training_loggers import log_network, open_logger
from .training_setup import TrainingSetup

log = logging.getLogger(__name__)


def _settings_for_resuming(options: TrainingOptions, setup: TrainingSetup) -> dict[str, Any]:
    """Returns the settings that must be equal when a stopped training is resumed."""
    return {
        "epochs": options.epochs,
        "init_from": options.init_from,
        "precision": options.precision,
        "deterministic": options.deterministic,
        "threads": options.threads,
        "seed": setup.seed,
        "data": setup.best.provenance.get("data_fingerprint"),
        **{f"{PARAM_PREFIX}{name}": value for name, value in setup.best.params.items()},
    }


def load_initial_weights(model: pl.LightningModule, options: TrainingOptions, runs: Runs) -> None:
    """Loads the weights of the network `options.init_from` into `model`.

    If `options.init_from` is None, it does nothing.
    """
    if options.init_from is not None:
        path = find_checkpoint(options.init_from, runs)
        load_weights(model, read_checkpoint(path)[1], path)


def should_resume(source: str, setup: TrainingSetup, options: TrainingOptions) -> bool:
    """Returns True if a stopped training of `setup` shall be resumed.

    If `options.resume` is None, a training is resumed if it exists and has equal settings. If it
    is False, no training is resumed.

    Raises:
        StudyError: If `options.resume` is True and no training can be resumed.
        StorageError: If `options.resume` is True and the checkpoint is broken.
    """
    stopped = find_resumable(setup.target, LAST_CHECKPOINT)
    if options.resume is False or not (options.resume or stopped):
        return False
    if stopped is None and setup.target.exists():
        raise StudyError(
            f"the training of {source} is finished, and its learning rate has decayed: leave out "
            "`resume=`, or begin with its weights by `init_from=`"
        )
    if stopped is None:
        raise StudyError(f"no training of {source} was stopped: leave out `resume=`")
    try:
        epochs = _check_same_settings(
            source, stopped / LAST_CHECKPOINT, _settings_for_resuming(options, setup)
        )
    except (StudyError, StorageError) as error:
        if options.resume:
            raise type(error)(f"{error}: leave out `resume=` to start over") from error
        log.info("%s", error)
        return False
    log.info("resuming the training that was stopped after epoch %s", epochs)
    return True


def _check_same_settings(source: str, last: Path, settings: Mapping[str, Any]) -> int:
    """Returns the number of epochs in the checkpoint `last`.

    Raises:
        StudyError: If the settings in the checkpoint differ from `settings`.
        StorageError: If the checkpoint is broken.
    """
    try:
        state = read_safely(last)["callbacks"][STATE_KEY]
        then, epochs = state["settings"], len(state["rows"])
    except (StorageError, KeyError, TypeError) as error:
        raise StorageError(f"{last} is broken, or was not written by latentune") from error
    for name in {**settings, **then}:
        old, new = repr(then.get(name)), repr(settings.get(name))  # as text, NaN equals itself
        if old != new:
            option = name.removeprefix(PARAM_PREFIX)
            raise StudyError(
                f"the training of {source} that was stopped has {option} = {old}, not {new}"
            )
    return epochs


def fit_network(
    folder: Path,
    setup: TrainingSetup,
    options: TrainingOptions,
    title: str,
    callbacks: Sequence[pl.Callback] = (),
) -> tuple[HistoryCheckpoint, pl.Trainer]:
    """Trains the network of a setup; returns the callback with the history, and the trainer.

    After training, the network has the weights of its best epoch and is on the CPU. Checkpoints,
    metrics, logs and the figures of each epoch are written into `folder`. If `folder` has a
    stopped training, this training is resumed.
    """
    last = folder / LAST_CHECKPOINT
    checkpoint = HistoryCheckpoint(setup.objective, folder, _settings_for_resuming(options, setup))
    progress = TrainingProgress(title, next(iter(setup.objective.metrics)))
    observers = [checkpoint, progress, *callbacks]
    if options.pictures == "every":
        observers.append(PlotEachEpoch(folder / "epochs"))
    if options.threads is None:
        make_model = partial(replay, setup.objective.model, setup.best.params, setup.data.spec)
        observers.append(ChooseThreads(make_model, setup.make_data))
    else:
        torch.set_num_threads(options.threads)
    with (
        _restore_determinism(options),
        open_logger(folder, options.logger, setup.best.study) as logger,
    ):
        trainer = quiet_trainer(
            options.epochs,
            [*setup.objective.make_metric_callbacks(), *observers],
            setup.data,
            accelerator=options.accelerator,
            precision=PRECISIONS[options.precision or setup.objective.precision],
            deterministic=options.deterministic,
            logger=logger,
            enable_checkpointing=True,
            log_every_n_steps=sys.maxsize,  # metrics of epochs are logged anyway
        )
        fit(trainer, setup.model, setup.data, last if last.exists() else None)
        load_weights(
            setup.model.cpu(),
            read_safely(folder / BEST_CHECKPOINT)["state_dict"],
            folder / BEST_CHECKPOINT,
        )
        log_network(logger, setup.model, setup.data)
    return checkpoint, trainer


@contextmanager
def _restore_determinism(options: TrainingOptions) -> Iterator[None]:
    """Restores PyTorch's setting for deterministic algorithms when the block ends.

    Raises:
        StudyError: If `options.deterministic` is set and PyTorch has no deterministic algorithm.
    """
    before = torch.are_deterministic_algorithms_enabled()
    try:
        yield
    except RuntimeError as error:
        if options.deterministic and "deterministic" in str(error):
            reason = str(error).split(",")[0]
            raise StudyError(f"{reason}: leave out `deterministic=`") from error
        raise
    finally:
        torch.use_deterministic_algorithms(before)
