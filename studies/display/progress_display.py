"""The display of progress: a bar for the steps of a task, and a line for each finished trial."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.progress import Progress, TaskID, TextColumn

from ...objectives.progress import LOG_INTERVAL_S, Advance, Describe, clock, set_displays
from ...search_spaces.catalog.candidates import MODEL
from ...storage.optuna_internals import count_trials
from ...storage.study_summary import format_value
from ...storage.trial_outcome import finished_trials, stop_reason
from ...storage.trial_record import read_trial_record
from .terminal import console, has_progress_display, progress_bar
from .terminal_escape import escape_control_characters

REDRAW_INTERVAL_S = 0.2
FORECAST_INTERVAL_S = 2


def show_progress() -> None:
    """Turns on progress bars in this process, if the output is a terminal or a notebook."""
    if has_progress_display():
        set_displays(_step_progress, SearchProgress)


@contextmanager
def _step_progress(title: str, total: int | None) -> Iterator[Advance]:
    with progress_bar() as bar:
        task = bar.add_task(escape_control_characters(title), total=total)
        yield _BarSteps(bar, task)


class _BarSteps:
    """Advances a bar by steps; a bar that no thread redraws is redrawn after some of them."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self.bar, self.task, self.redrawn_at = bar, task, -math.inf

    def __call__(self, steps: int, details: object = None, /) -> None:
        self.bar.advance(self.task, steps)
        now = time.monotonic()
        if not self.bar.live.auto_refresh and now - self.redrawn_at > REDRAW_INTERVAL_S:
            self.redrawn_at = now
            self.bar.refresh()


class SearchProgress:
    """A callback that prints a line for each finished trial, and a context manager.

    In the block, a progress bar counts the finished trials and shows the forecast. If the output
    is not a terminal, a line shows the forecast once a minute.
    """

    def __init__(
        self, name: str, trials: int, metrics: Sequence[str], epochs: int, forecast: Describe
    ) -> None:
        self.name, self.trials, self.metrics, self.epochs = name, trials, metrics, epochs
        self.forecast, self.forecast_at = forecast, clock()
        self.bar = progress_bar("trials", TextColumn("{task.fields[forecast]}", markup=False))
        self.task = self.bar.add_task(name, total=trials, forecast="")
        self.has_lines = False

    def __enter__(self) -> Self:
        optuna.logging.set_verbosity(optuna.logging.ERROR)  # Optuna has a line for each trial too
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        done = len(finished_trials(study.get_trials(deepcopy=False)))
        if not self.has_lines:
            self.has_lines = True
            header = ("trial", ", ".join(self.metrics), "best", "epochs", "stopped")
            _print_line(*header, style="bold")
            # The remaining time must not count trials of an earlier search.
            self.bar.reset(self.task, completed=max(done - 1, 0))
        epochs = f"{read_trial_record(trial).epochs or 0}/{self.epochs}"
        model = f", {trial.params[MODEL]}" if MODEL in trial.params else ""
        values = format_values(trial)
        _print_line(
            str(trial.number), values, format_best(study), epochs, stop_reason(trial) + model
        )
        self.bar.update(self.task, completed=done, refresh=True)
        self._show_forecast(study)

    def _show_forecast(self, study: optuna.Study) -> None:
        """Shows the forecast, but not more often than the time that it takes allows."""
        interval = LOG_INTERVAL_S if self.bar.disable else FORECAST_INTERVAL_S
        if clock() - self.forecast_at < interval:
            return
        self.forecast_at = clock()
        text = self.forecast(study)
        self.bar.update(self.task, forecast=text, refresh=True)
        if self.bar.disable and text:
            console.print(text)


def format_values(trial: FrozenTrial) -> str:
    """Returns the values of a trial as text; `-` if it has no values."""
    return ", ".join(format_value(value) for value in trial.values or [None])


def format_best(study: optuna.Study) -> str:
    """Returns the best value of a study as text; `-` if no trial is complete.

    With several objectives, the text is the number of Pareto-optimal trials.
    """
    if not count_trials(study, TrialState.COMPLETE):
        return "-"
    if len(study.directions) > 1:
        return f"front of {len(study.best_trials)}"
    return format_value(study.best_value)


def _print_line(
    trial: str, value: str, best: str, epochs: str, stopped: str, style: str | None = None
) -> None:
    console.print(f"{trial:>5}  {value:>12}  {best:>12}  {epochs:>9}  {stopped}", style=style)
