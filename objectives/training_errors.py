"""Errors that end a training early. This file does not import torch."""

from ..models.errors import LatentuneError
from .progress import format_limit


class MonitorError(LatentuneError, ValueError):
    """Raised if the model does not log a monitored metric."""


class DivergenceError(ArithmeticError):
    """Raised if a monitored metric is NaN or infinite."""


class CostError(LatentuneError, ValueError):
    """Raised if a network cannot be run on one item, so that its cost is not known."""


class LimitError(ArithmeticError):
    """Raised if a cost of a network exceeds its limit."""


class StopRequested(Exception):  # noqa: N818 - not an error
    """Raised if the user asked to stop."""


class TimeOver(Exception):  # noqa: N818 - not an error
    """Raised if a trial has used up its time limit of `seconds`; `when` ends the message."""

    def __init__(self, seconds: float, when: str = "") -> None:
        super().__init__(f"its time of {format_limit(seconds)} was over{when}")
        self.seconds = seconds


class TrialFailed(RuntimeError):  # noqa: N818 - a state of a trial, like optuna.TrialPruned
    """Raised if a trial diverged, exceeded a limit or ran out of memory. The study continues."""


class TrialOutOfMemory(TrialFailed):
    """Raised if a trial did not fit into memory. The message has its size."""
