"""Why a training ends early; this file imports no torch."""

from ..models.errors import LatentuneError


class MonitorError(LatentuneError, ValueError):
    """The model does not log a monitored metric."""


class DivergenceError(ArithmeticError):
    """A monitored metric is not a finite number."""


class StopRequested(Exception):  # noqa: N818 - not an error
    """The user asked to stop."""


class TrialFailed(RuntimeError):  # noqa: N818 - a state of a trial, like optuna.TrialPruned
    """A trial diverged or did not fit into memory; the study continues without it."""
