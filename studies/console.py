"""What the command line shows: tables, and one calm line a trial above one progress bar."""

from collections.abc import Mapping
from typing import Any

import optuna
import pytorch_lightning as pl
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .search import SearchPlan, finished

__all__ = ["EpochBar", "TrialLines", "console", "show_definition", "show_studies", "show_trials"]

console = Console(highlight=False)
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


class TrialLines:
    """Prints a line for each finished trial, above a bar; to be used in a `with` block.

    Args:
        plan: The search.
        study: The study if it existed before.
    """

    def __init__(self, plan: SearchPlan) -> None:
        self.plan = plan
        self.bar = _progress("trials")

    def __enter__(self) -> "TrialLines":
        self.bar.start()
        self.task = self.bar.add_task(self.plan.name, total=self.plan.trials)
        monitor = self.plan.spec.objective.monitor
        console.print(f"[bold]trial  {monitor:>12}  {'best':>12}  {'epochs':>9}  stopped[/bold]")
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        attrs = trial.user_attrs
        epochs = f"{attrs.get('epochs', 0)}/{self.plan.spec.objective.max_epochs}"
        console.print(
            f"{trial.number:>5}  {_number(trial.value):>12}  {_number(_best(study)):>12}  "
            f"{epochs:>9}  {attrs.get('stopped', '')}"
        )
        self.bar.update(self.task, completed=len(finished(study)))


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


def show_definition(plan: SearchPlan) -> None:
    """Prints a resolved search."""
    rows = dict(plan.definition) | {
        "trials": str(plan.trials),
        "time": "no limit" if plan.seconds is None else f"{plan.seconds:g} s",
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
    table = Table("study", "metric", "best", *_STATES, box=None)
    for study in studies:
        counts = [sum(t.state.name in names for t in study.trials) for names in _STATES.values()]
        monitor = study.user_attrs.get("monitor", "")
        table.add_row(study.study_name, monitor, _number(_best(study)), *map(str, counts))
    console.print(table)


def show_trials(study: optuna.Study) -> None:
    """Prints a row for each trial of a study."""
    trials = study.get_trials(deepcopy=False)
    names = sorted({name for trial in trials for name in trial.params})
    table = Table(
        "trial", "state", study.user_attrs["monitor"], "epochs", "stopped", *names, box=None
    )
    for trial in trials:
        attrs, params = trial.user_attrs, [trial.params.get(name) for name in names]
        table.add_row(
            str(trial.number),
            trial.state.name.lower(),
            _number(trial.value),
            str(attrs.get("epochs", "")),
            attrs.get("stopped", ""),
            *(_number(value) for value in params),
        )
    console.print(table)


def show_mapping(rows: Mapping[str, Any]) -> None:
    """Prints names and values."""
    for name, value in rows.items():
        console.print(f"  {name:<16} {_number(value)}")


_STATES = {
    "complete": {"COMPLETE"},
    "pruned": {"PRUNED"},
    "failed": {"FAIL"},
    "running": {"RUNNING"},
    "waiting": {"WAITING"},
}


def _best(study: optuna.Study) -> float | None:
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return study.best_value if done else None


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
