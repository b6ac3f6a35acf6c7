"""The long part of final training: epoch by epoch, watched, logged, and ready to be stopped."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from ...objectives.history_checkpoint import BEST, LAST, STATE_KEY, HistoryCheckpoint
from ...objectives.trainer import TrainingProgress, fit, quiet_trainer
from ...storage.checkpoint_file import load_weights, read_checkpoint, read_safely
from ...storage.resumable_folder import find_resumable
from ...storage.runs_folder import Runs, StorageError
from ...storage.study_export import PARAM_PREFIX
from ..study.checkpoint_lookup import find_checkpoint
from ..study.defaults import ACCELERATORS, PICTURES, PRECISIONS
from ..study.study_error import StudyError, check_at_least, check_choice
from .network_plots import PlotEachEpoch
from .training_loggers import check_logger, log_network, open_logger
from .training_setup import TrainingSetup

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FitOptions:
    """How a configuration is trained; see `train`.

    Raises:
        StudyError: If an option is none of its choices, or this machine has no such device.
    """

    epochs: int
    init_from: str | None
    accelerator: str
    precision: str
    deterministic: bool
    pictures: str
    logger: str

    def __post_init__(self) -> None:
        check_at_least("epochs", self.epochs, 1)
        check_choice("accelerator", self.accelerator, ACCELERATORS)
        check_choice("precision", self.precision, PRECISIONS)
        check_choice("pictures", self.pictures, PICTURES)
        here = {"gpu": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        if not here.get(self.accelerator, True):
            raise StudyError(
                f"there is no {self.accelerator} on this machine; leave out `accelerator=`"
            )
        if self.precision == "16" and (self.accelerator == "cpu" or not any(here.values())):
            raise StudyError("precision 16 needs a GPU; on the CPU, bf16 is for `precision=`")
        check_logger(self.logger)

    def settings(self, work: TrainingSetup) -> dict[str, Any]:
        """Returns all that must agree if a training is to go on."""
        return {
            "epochs": self.epochs,
            "init_from": self.init_from,
            "precision": self.precision,
            "deterministic": self.deterministic,
            "seed": work.seed,
            "data": work.best.provenance.get("data_fingerprint"),
            **{f"{PARAM_PREFIX}{name}": value for name, value in work.best.params.items()},
        }


def load_initial_weights(model: pl.LightningModule, options: FitOptions, runs: Runs) -> None:
    """Gives a network the weights that it is to begin with, if they are those of another one."""
    if options.init_from is not None:
        path = find_checkpoint(options.init_from, runs)
        load_weights(model, read_checkpoint(path)[1], path)


def should_resume(
    source: str, work: TrainingSetup, options: FitOptions, resume: bool | None
) -> bool:
    """Returns whether a training was stopped that this one goes on with.

    Args:
        source: What is trained, in the words of the user.
        work: The same, with the place where it goes.
        options: How it is trained.
        resume: Whether it must go on, or must not; None for where nothing differs.

    Raises:
        StudyError: If it must, and there is none, or it had other options, values or data.
        StorageError: If it must, and the checkpoint is broken.
    """
    left = find_resumable(work.target, LAST)
    if resume is False or not (resume or left):
        return False
    if left is None and work.target.exists():
        raise StudyError(
            f"the training of {source} is finished, and its learning rate has fallen: train it "
            "anew, or begin with its weights by `init_from=`"
        )
    if left is None:
        raise StudyError(f"no training of {source} was stopped: leave out `resume=`")
    try:
        epochs = _epochs_of_the_same(source, left / LAST, options.settings(work))
    except (StudyError, StorageError) as error:
        if resume:
            raise type(error)(f"{error}: leave out `resume=` to train anew") from error
        log.info("%s", error)
        return False
    log.info("going on with the training that was stopped after epoch %s", epochs)
    return True


def _epochs_of_the_same(source: str, last: Path, now: Mapping[str, Any]) -> int:
    """Returns how many epochs a checkpoint has seen, if its training differs in nothing."""
    try:
        state = read_safely(last)["callbacks"][STATE_KEY]
        then, epochs = state["settings"], len(state["rows"])
    except (StorageError, KeyError, TypeError) as error:
        raise StorageError(f"{last} is broken, or was not written by latentune") from error
    for name in {**now, **then}:
        was, is_now = repr(then.get(name)), repr(now.get(name))  # NaN equals itself so
        if was != is_now:
            raise StudyError(
                f"the training of {source} that was stopped has "
                f"{name.removeprefix(PARAM_PREFIX)} = {was}, not {is_now}"
            )
    return epochs


def fit_network(
    folder: Path,
    work: TrainingSetup,
    options: FitOptions,
    title: str,
    callbacks: Sequence[pl.Callback] = (),
) -> tuple[HistoryCheckpoint, pl.Trainer]:
    """Trains a network, which then has the weights of its best epoch and is on the CPU.

    Args:
        folder: Where checkpoints, metrics, logs and the pictures of epochs go. If a training of
            the same is there that was stopped, it goes on.
        work: What is trained, and on what.
        options: How.
        title: What is shown while it lasts.
        callbacks: Further Lightning callbacks.

    Returns:
        What has happened in each epoch, and the trainer.
    """
    last = folder / LAST
    keep = HistoryCheckpoint(work.objective, folder, options.settings(work))
    watchers = [keep, TrainingProgress(title, next(iter(work.objective.metrics))), *callbacks]
    if options.pictures == "every":
        watchers.append(PlotEachEpoch(folder / "epochs"))
    with _determinism(options), open_logger(folder, options.logger, work.best.study) as logger:
        trainer = quiet_trainer(
            options.epochs,
            [*(make_callback() for make_callback in work.objective.metric_callbacks), *watchers],
            work.data,
            accelerator=options.accelerator,
            precision=PRECISIONS[options.precision],
            deterministic=options.deterministic,
            logger=logger,
            enable_checkpointing=True,
            log_every_n_steps=sys.maxsize,  # metrics of an epoch are logged all the same
        )
        fit(trainer, work.model, work.data, last if last.exists() else None)
        load_weights(work.model.cpu(), read_safely(folder / BEST)["state_dict"], folder / BEST)
        log_network(logger, work.model, work.data)
    return keep, trainer


@contextmanager
def _determinism(options: FitOptions) -> Iterator[None]:
    """Lets PyTorch compute as before once the block ends; names what cannot be deterministic."""
    before = torch.are_deterministic_algorithms_enabled()
    try:
        yield
    except RuntimeError as error:
        if options.deterministic and "deterministic" in str(error):
            why = str(error).split(",")[0]
            raise StudyError(f"{why}: leave out `deterministic=`") from error
        raise
    finally:
        torch.use_deterministic_algorithms(before)
