"""What the command line shows: tables, and one calm line a trial above one progress bar."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Self

import optuna
import pandas as pd
import pytorch_lightning as pl
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ...objectives.quality import Quality
from ..encoders import is_stale
from ..results import STATES
from ..running.plan import SearchPlan
from ..running.trials import finished

log = logging.getLogger("latentune")
console = Console(highlight=False, markup=False)
if not console.is_terminal:
    console.width = 160  # a file or a pipe has no width of its own


def _progress(unit: str) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class _Words(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        console.print(record.getMessage())


class SearchLines:
    """Prints a line for each finished trial, above a bar; to be used in a `with` block.

    Args:
        plan: The search.
    """

    def __init__(self, plan: SearchPlan) -> None:
        self.plan = plan
        self.bar = _progress("trials")
        self.task = self.bar.add_task(plan.name, total=plan.trials)
        self.lines = 0
        objective = plan.spec.objective
        self.monitor, self.max_epochs = ", ".join(objective.metrics), objective.max_epochs
        self.words = _Words()

    def __enter__(self) -> Self:
        optuna.logging.set_verbosity(optuna.logging.ERROR)  # ours is a line a trial
        log.addHandler(self.words)
        log.setLevel(logging.INFO)
        self.bar.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.bar.stop()
        log.removeHandler(self.words)
        if not self.lines and kind is None:
            console.print(
                f"{self.plan.name} has its {self.plan.trials} trials; --trials adds more"
            )

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        done = len(finished(study.get_trials(deepcopy=False)))
        if not self.lines:
            _print_line("trial", self.monitor, "best", "epochs", "stopped", style="bold")
            # Trials of an earlier search must not make this one look fast.
            self.bar.reset(self.task, completed=done - 1)
        self.lines += 1
        attrs = trial.user_attrs
        epochs = f"{attrs['epochs']}/{self.max_epochs}"
        best = _best(study)
        _print_line(str(trial.number), _values(trial), best, epochs, attrs["stopped"])
        self.bar.update(self.task, completed=done)


class EpochBar(pl.Callback):
    """A bar over the epochs of final training.

    Args:
        name: What is trained.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.bar = _progress("epochs")

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.bar.start()
        self.task = self.bar.add_task(self.name, total=trainer.max_epochs)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.bar.advance(self.task)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self.bar.stop()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self.bar.stop()


def show_plan(plan: SearchPlan) -> None:
    """Prints a resolved search."""
    rows = dict(plan.definition) | {
        "trials": str(plan.trials),
        "time": "no limit" if plan.seconds is None else f"{plan.seconds:g} s",
        "workers": str(plan.workers),
        "first trial": ", ".join(f"{n}={_number(v)}" for n, v in plan.first.items()) or "sampled",
        "pruner": plan.pruner,
        "sampler": plan.sampler,
        "storage": plan.storage,
    }
    table = Table(title=plan.name, show_header=False, title_justify="left", box=None)
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)


def show_studies(studies: list[optuna.Study]) -> None:
    """Prints a row for each study."""
    table = Table("study", "metric", "best", *STATES.values(), box=None)
    for depth, study in _tree(studies):
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        monitor = study.user_attrs.get("monitor", "")
        branch = f"{'  ' * (depth - 1)}└ " if depth else ""
        stale = " (stale)" if is_stale(study) else ""
        table.add_row(
            f"{branch}{study.study_name}{stale}",
            monitor,
            _best(study),
            *(str(states.count(state)) for state in STATES),
        )
    console.print(table)


def _tree(studies: list[optuna.Study]) -> Iterator[tuple[int, optuna.Study]]:
    """Puts each study below the one whose encoder it is on; gives how deep it is too."""
    names = {study.study_name for study in studies}
    children: dict[str | None, list[optuna.Study]] = {}
    for study in studies:
        origin = study.user_attrs.get("parent", {}).get("study")
        children.setdefault(origin if origin in names else None, []).append(study)

    def below(name: str | None, depth: int) -> Iterator[tuple[int, optuna.Study]]:
        for study in children.get(name, []):
            yield depth, study
            yield from below(study.study_name, depth + 1)

    return below(None, 0)


def show_trials(study: optuna.Study) -> None:
    """Prints a row for each trial of a study, and what encoder it is on."""
    origin = study.user_attrs.get("parent")
    if origin is not None:
        console.print(f"on the encoder of {origin['study']}, trial {origin['trial']}")
        if is_stale(study):
            console.print("stale: that encoder was trained anew since, or is gone")
    trials = study.get_trials(deepcopy=False)
    names = sorted({name for trial in trials for name in trial.params})
    table = Table(
        "trial", "state", study.user_attrs["monitor"], "epochs", "stopped", *names, box=None
    )
    for trial in trials:
        attrs, params = trial.user_attrs, [trial.params.get(name) for name in names]
        table.add_row(
            str(trial.number),
            STATES[trial.state],
            _values(trial),
            str(attrs.get("epochs", "")),
            _stopped(trial),
            *(_number(value) for value in params),
        )
    console.print(table)


def show_qualities(densities: Mapping[str, Any], qualities: Mapping[str, Quality]) -> None:
    """Prints a row for each way of sampling: what was fitted, and how good its images are."""
    table = Table("method", "density", "FID", "KID", box=None)
    for name in dict.fromkeys([*densities, *qualities]):
        found = qualities.get(name)
        numbers = ["-", "-"]
        if found is not None:
            numbers = [f"{found.fid:.2f}", f"{found.kid:.4f} ± {found.kid_std:.4f}"]
        table.add_row(name, str(densities.get(name, "")), *numbers)
    console.print(table)


def show_accuracies(table: pd.DataFrame) -> None:
    """Prints test accuracies, mean and standard deviation, a row for each start of training."""
    shown = Table("test accuracy", *(f"{n} labels" for n in table["labels"].unique()), box=None)
    for start, rows in table.groupby("start", sort=False):
        shown.add_row(
            str(start), *(f"{r.mean:.4f} ± {r.std:.4f}" for r in rows.itertuples(index=False))
        )
    console.print(shown)


def show_values(rows: Mapping[str, Any]) -> None:
    """Prints names and values."""
    for name, value in rows.items():
        console.print(f"  {name:<16} {_number(value)}")


def _stopped(trial: FrozenTrial) -> str:
    # A trial that is tried again inherits what the first attempt recorded.
    if not trial.state.is_finished():
        return ""
    return str(trial.user_attrs.get("stopped", "its process died"))


def _best(study: optuna.Study) -> str:
    """The best value; of several objectives, the number of trials that no other beats."""
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return "-"
    if len(study.directions) > 1:
        return f"front of {len(study.best_trials)}"
    return _number(study.best_value)


def _values(trial: FrozenTrial) -> str:
    return ", ".join(_number(value) for value in trial.values or [None])


def _print_line(
    trial: str, value: str, best: str, epochs: str, stopped: str, style: str | None = None
) -> None:
    console.print(f"{trial:>5}  {value:>12}  {best:>12}  {epochs:>9}  {stopped}", style=style)


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
