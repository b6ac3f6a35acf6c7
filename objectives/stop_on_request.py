"""A callback that stops a training on request."""

import threading
from typing import Any

import pytorch_lightning as pl

from .training_errors import StopRequested


class StopOnRequest(pl.Callback):
    """Raises `StopRequested` before the next step after an event was set."""

    accepts_groups = True

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop

    def on_train_batch_start(self, *args: Any) -> None:
        if self.stop.is_set():
            raise StopRequested

    def on_validation_batch_start(self, *args: Any) -> None:
        if self.stop.is_set():
            raise StopRequested
