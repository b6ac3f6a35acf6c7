"""What a search adds to the training of a trial: a way to stop it, and a picture at the end."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytorch_lightning as pl

from ...models.data_spec import DataSpec
from ...storage.artifact_store import ArtifactStore, attach_picture
from ...storage.database import HEARTBEAT_S
from ...storage.runs_folder import write_error
from ..training.network_plots import plot_network
from .trial_lease import TrialLease


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """Turns the first Ctrl-C or SIGTERM into a request to stop; a second one ends the process."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may handle signals
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def request(number: int, frame: object) -> None:
        stop.set()
        restore()

    for number in before:
        signal.signal(number, request)
    try:
        yield stop
    finally:
        restore()


class CheckLease(pl.Callback):
    """Ends training, before an epoch is reported, if others have taken the trial meanwhile.

    They take it after many seconds of silence, so that short epochs need not ask one by one.

    Args:
        lease: The right to the trial.
    """

    def __init__(self, lease: TrialLease) -> None:
        self.lease, self._checked = lease, time.monotonic()

    def on_validation_start(self, *args: object) -> None:
        if time.monotonic() - self._checked > HEARTBEAT_S:
            self.lease.check()
            self._checked = time.monotonic()


class AttachPictures(pl.Callback):
    """Shows the dashboard what a trial's network can do, if that can be drawn.

    Args:
        trial: The running trial.
        data: What is known of the data.
        store: Where they are kept.
        scratch: A folder in which they are drawn first.
    """

    def __init__(
        self, trial: optuna.Trial, data: DataSpec, store: ArtifactStore, scratch: Path
    ) -> None:
        self.trial, self.data, self.store, self.scratch = trial, data, store, scratch

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._attach(trainer, pl_module)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        if isinstance(exception, optuna.TrialPruned):
            self._attach(trainer, pl_module)

    def _attach(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        place = self.scratch / f"trial-{self.trial.number}"
        try:
            place.mkdir(exist_ok=True)  # a trial may be trained several times
            for picture in plot_network(model, self.data, trainer.val_dataloaders, place):
                attach_picture(self.trial, picture, self.store)
        except OSError as error:  # a full disk is no fault of the trial
            raise write_error(self.scratch, error) from error
