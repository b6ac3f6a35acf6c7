"""The time left until a search has its trials."""

from collections.abc import Sequence
from datetime import datetime
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

from ....storage.study_record import LastSearch
from ....storage.trial_outcome import reached_epoch
from .epoch_shares import expected_shares
from .recent_gain import by_completion

MIN_TRIALS = 3
"""Number of finished trials below which nothing is said."""
PRIOR_TRIALS = 10.0
"""How many complete trials the expected shares of epochs weigh as much as."""


def seconds_left(
    trials: Sequence[FrozenTrial], search: LastSearch, epochs: int, now: datetime
) -> float | None:
    """Returns the expected seconds until a search has its trials; None below 3 finished trials.

    The trials to come take as long per epoch as the latest half of the finished trials, because a
    sampler that learns chooses configurations like those. They train for the share of epochs that
    trials of this number had in recorded studies. These shares are scaled by how many epochs the
    finished trials of this study had in comparison: the posterior mean of a Gamma distribution.

    Args:
        trials: All trials of the study.
        search: The number of trials that were asked for, the workers, the pruner and the sampler.
        epochs: Number of epochs of a trial that is not stopped early, over all its trainings.
        now: The time in the clock of the trials.
    """
    finished = by_completion(trials)
    timed = [trial for trial in finished if reached_epoch(trial) and _duration(trial)]
    if len(timed) < MIN_TRIALS:
        return None
    latest = timed[-max(MIN_TRIALS, len(timed) // 2) :]
    per_epoch = fmean(_duration(trial) / reached_epoch(trial) for trial in latest)
    shares = expected_shares(search.pruner, search.sampler, max(search.trials, len(finished)))
    trained = sum(reached_epoch(trial) for trial in finished) / epochs
    expected = float(shares[: len(finished)].sum())
    scale = (PRIOR_TRIALS + trained) / (PRIOR_TRIALS + expected)
    coming = np.minimum(scale * shares[len(finished) :], 1) * epochs * per_epoch
    if not coming.size:
        return 0.0
    running = [trial.datetime_start for trial in trials if trial.state == TrialState.RUNNING]
    elapsed = [(now - start).total_seconds() for start in running if start is not None]
    spent = sum(min(max(seconds, 0), float(coming[0])) for seconds in elapsed)
    return work_seconds(coming, search.workers, spent)


def work_seconds(durations: NDArray[np.float64], workers: int, spent: float = 0.0) -> float:
    """Returns the seconds that workers need for trials of these durations.

    The last trials do not end at the same time: on average, the other workers wait for half of
    the last trial.

    Args:
        durations: Seconds of each trial, with shape (trials,); at least one.
        workers: Number of workers.
        spent: Seconds that have been spent on trials that are running.
    """
    workers = min(workers, len(durations))
    waiting = (workers - 1) / workers * float(durations[-1]) / 2
    return max(float(durations.sum()) - spent, 0) / workers + waiting


def _duration(trial: FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration is not None else 0.0
