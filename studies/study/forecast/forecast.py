"""The forecast of a study: the time left, and the chance that more trials are better."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from ....objectives.progress import format_duration
from ....storage.study_record import LastSearch, StudyRecord, read_study_record
from ....storage.trial_outcome import finished_trials
from .gain_chance import GAIN, N_NEXT, gain_chance
from .time_left import seconds_left


@dataclass(frozen=True)
class Forecast:
    """What more trials of a study would take and bring.

    Attributes:
        trials_left: Number of trials until the study has those that were asked for.
        seconds_left: How long they take; None if it is not known yet.
        workers: Number of workers in this time.
        is_running: Whether a trial is running.
        chance: Probability that 20 more trials improve the best value by 1 %; None if it is not
            known yet, or if the study has several objectives.
    """

    trials_left: int
    seconds_left: float | None
    workers: int
    is_running: bool
    chance: float | None

    def __str__(self) -> str:
        """The forecast as text; empty if nothing is known."""
        parts = []
        if self.trials_left and self.seconds_left is not None:
            trials = "1 trial" if self.trials_left == 1 else f"{self.trials_left} trials"
            workers = "1 worker" if self.workers == 1 else f"{self.workers} workers"
            left = "left for" if self.is_running else "for the other"
            time = format_duration(self.seconds_left)
            parts.append(f"about {time} {left} {trials} with {workers}")
        return "; ".join([*parts, *self._chance_text()])

    @property
    def brief(self) -> str:
        """The forecast as text beside a progress bar, which counts the trials."""
        seconds = self.seconds_left if self.trials_left else None
        parts = [] if seconds is None else [f"about {format_duration(seconds)} left"]
        return "; ".join([*parts, *self._chance_text()])

    def _chance_text(self) -> list[str]:
        if self.chance is None:
            return []
        return [
            f"{N_NEXT} more trials: {100 * GAIN:g} % better with probability {self.chance:.2f}"
        ]

    def to_table(self) -> dict[str, Any]:
        """Returns the forecast as a dictionary for JSON."""
        return asdict(self)


def forecast(
    study: optuna.Study,
    trials: Sequence[FrozenTrial],
    now: datetime,
    search: LastSearch | None = None,
) -> Forecast:
    """Returns the forecast of a study.

    Args:
        study: The study.
        trials: All its trials.
        now: The time in the clock of the trials.
        search: The search that runs now. If None, it is the last one, with as many workers as
            trials are running, if any are.
    """
    record, is_live = read_study_record(study), search is not None
    running = sum(trial.state == TrialState.RUNNING for trial in trials)
    if search is None and record.last_search is not None:
        workers = running or record.last_search.workers
        search = record.last_search.model_copy(update={"workers": workers})
    elif search is None:
        search = LastSearch(trials=0, workers=1, sampler="tpe", pruner="none")
    chance = None
    if len(study.directions) == 1:
        chance = gain_chance(trials, study.direction, search.sampler)
    return Forecast(
        trials_left=max(search.trials - len(finished_trials(trials)), 0),
        seconds_left=seconds_left(trials, search, _epochs(record), now),
        workers=search.workers,
        is_running=is_live or running > 0,
        chance=chance,
    )


def _epochs(record: StudyRecord) -> int:
    """Returns the number of epochs of a trial that is not stopped early, over all trainings."""
    definition = record.definition
    trainings = definition.get("folds") or definition.get("repeats") or "1"
    known = definition.get("epochs", "")
    return int(known) * int(trainings) if known.isdecimal() and trainings.isdecimal() else 1
