"""What is shown of studies: tables, and one calm line a trial above one progress bar."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

import optuna
import pandas as pd
from optuna.trial import FrozenTrial, TrialState
from rich.table import Table

from ...search_spaces.auto import MODEL, unnamed
from ...storage.export import PARAMS, apart
from ...storage.runs import Runs
from ...storage.shown import shown
from ...storage.study import STATES, readable
from ..display.console import bar, console
from ..study.lineage import is_stale, origin_of
from .plan import SearchPlan
from .retries import finished, reason
from .standings import is_automatic, show_standings

if TYPE_CHECKING:
    from ..use.sample import Samples
    from ..use.show import Shown

log = logging.getLogger(__name__)


class SearchLines:
    """Prints a line for each finished trial, above a bar; to be used in a `with` block.

    Args:
        plan: The search.
    """

    def __init__(self, plan: SearchPlan) -> None:
        self.plan = plan
        self.bar = bar("trials")
        self.task = self.bar.add_task(plan.name, total=plan.trials)
        self.lines = 0
        objective = plan.spec.objective
        self.monitor, self.epochs = (
            ", ".join(objective.metrics),
            objective.max_epochs * objective.runs,
        )

    def __enter__(self) -> Self:
        optuna.logging.set_verbosity(optuna.logging.ERROR)  # ours is a line a trial
        self.bar.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.bar.stop()
        if not self.lines and kind is None:
            log.info("%s has its %s trials; `trials=` adds more", self.plan.name, self.plan.trials)

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        done = len(finished(study.get_trials(deepcopy=False)))
        if not self.lines:
            _print_line("trial", self.monitor, "best", "epochs", "stopped", style="bold")
            # Trials of an earlier search must not make this one look fast.
            self.bar.reset(self.task, completed=done - 1)
        self.lines += 1
        epochs = f"{trial.user_attrs.get('epochs', 0)}/{self.epochs}"
        best = _best(study)
        chosen = f", {trial.params.get(MODEL)}" if is_automatic(study) else ""
        _print_line(str(trial.number), _values(trial), best, epochs, reason(trial) + chosen)
        self.bar.update(self.task, completed=done)


def show_plan(plan: SearchPlan) -> None:
    """Prints a resolved search."""
    first = [", ".join(f"{n}={readable(v, 'None')}" for n, v in of.items()) for of in plan.first]
    of_study = dict(plan.definition)
    if plan.evolved is not None:
        of_study["from"] = str(plan.evolved)
    of_search = {
        "trials": str(plan.trials),
        "time": "no limit" if plan.seconds is None else f"{plan.seconds:g} s",
        "workers": str(plan.workers),
        "cluster": "none, but this machine" if plan.cluster is None else str(plan.cluster),
        "first trial": "; then ".join(first) or "sampled",
        "pruner": plan.pruner,
        "sampler": plan.sampler,
        "storage": shown(plan.storage),
        "artifacts": plan.bucket or str(plan.runs.artifacts),
    }
    table = Table(title=plan.name, show_header=False, title_justify="left", box=None)
    for name, value in (*of_study.items(), *of_search.items()):
        table.add_row(name, value)
    console.print(table)


def show_studies(studies: list[optuna.Study], runs: Runs) -> None:
    """Prints a row for each study."""
    table = Table("study", "metric", "best", *STATES.values(), box=None)
    for depth, study in _tree(studies):
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        monitor = str(study.user_attrs.get("monitor", ""))
        branch = f"{'  ' * (depth - 1)}└ " if depth else ""
        stale = " (stale)" if is_stale(study, runs) else ""
        table.add_row(
            f"{branch}{study.study_name}{stale}",
            monitor,
            _best(study),
            *(str(states.count(state)) for state in STATES),
        )
    console.print(table)


def _tree(studies: list[optuna.Study]) -> Iterator[tuple[int, optuna.Study]]:
    """Puts each study below the one whose encoder it is on; gives how deep it is too."""
    waiting = {study.study_name: study for study in studies}
    parents = {name: _encoder_of(study) for name, study in waiting.items()}

    def below(name: str | None, depth: int) -> Iterator[tuple[int, optuna.Study]]:
        for child in [child for child in waiting if parents[child] == name]:
            if child in waiting:
                yield depth, waiting.pop(child)
                yield from below(child, depth + 1)

    parents = {name: of if of in waiting else None for name, of in parents.items()}
    yield from below(None, 0)
    while waiting:  # of these, each is said to be on another one
        name = next(iter(waiting))
        parents[name] = None
        yield from below(None, 0)


def _encoder_of(study: optuna.Study) -> str | None:
    """Returns the study whose encoder another one is on; None if the encoder is its own."""
    origin = origin_of(study)
    if origin is None or not origin["checkpoint"].startswith(f"{origin['study']}/"):
        return None
    return str(origin["study"])


def show_trials(study: optuna.Study, runs: Runs) -> None:
    """Prints a row for each trial of a study, and what encoder it is on."""
    origin = origin_of(study)
    if origin is not None:
        which = (
            "a configuration of no trial"
            if origin["trial"] is None
            else f"trial {origin['trial']}"
        )
        console.print(f"on the encoder of {origin['study']}, {which}")
        if is_stale(study, runs):
            console.print("stale: that encoder was trained anew since, or is gone")
    trials = study.get_trials(deepcopy=False)
    short = [unnamed(trial.params) for trial in trials]
    facts = ("trial", "state", study.user_attrs["monitor"], "epochs", "stopped")
    names = apart(sorted({name for params in short for name in params}), facts, PARAMS)
    table = Table(*facts, *names.values(), box=None)
    for trial, params in zip(trials, short, strict=True):
        attrs = trial.user_attrs
        table.add_row(
            str(trial.number),
            STATES[trial.state],
            _values(trial),
            str(attrs.get("epochs", "")),
            reason(trial),
            *(readable(params[name], none="None") if name in params else "-" for name in names),
        )
    console.print(table)
    if is_automatic(study):
        show_standings(study)


def show_samples(samples: "Samples") -> None:
    """Prints a row for each way of sampling: what was fitted, and how good its images are."""
    ratings = samples.ratings
    if ratings is None:
        for name, density in samples.densities.items():
            console.print(f"  {name:<16} {density}")
        console.print(f"not rated: {samples.unrated}")
        return
    table = Table("method", "density", "FID, validation", "FID, test", "KID, test", box=None)
    for name, (validation, test) in ratings.rows.items():
        table.add_row(
            name,
            str(samples.densities.get(name, "")),
            f"{validation.fid:.2f} ± {validation.fid_std:.2f}",
            f"{test.fid:.2f} ± {test.fid_std:.2f}",
            f"{test.kid:.4f} ± {test.kid_std:.4f}",
        )
    console.print(table)
    console.print(
        f"{ratings.size:,} images of each, by features of a classifier with test accuracy "
        f"{ratings.accuracy:.3f}"
    )
    if ratings.winner is not None:
        console.print(f"{ratings.winner} wins by FID on the validation part")
    elif len(samples.densities) > 1:
        console.print("no winner: the first two differ by less than their spread")


def show_counts(shown: "Shown") -> None:
    """Prints what data were taken for, and how many items of each class are in which part."""
    console.print(shown.line)
    table = Table("class", *shown.counts.columns, box=None)
    for name, row in shown.counts.iterrows():
        table.add_row(str(name), *(f"{count:,}" for count in row))
    console.print(table)


def show_accuracies(table: pd.DataFrame, reach: float) -> None:
    """Prints test accuracies, mean and deviation, and when `reach` was, a row for each start."""
    shown = Table("test accuracy", *(f"{n} labels" for n in table["labels"].unique()), box=None)
    for start, rows in table.groupby("start", sort=False):
        cells = rows[["mean", "std", "epochs"]].to_numpy()
        shown.add_row(str(start), *(f"{m:.4f} ± {std:.4f}{_reached(n)}" for m, std, n in cells))
    console.print(shown)
    if table["epochs"].notna().any():
        console.print(f"in brackets: epochs until the validation accuracy was {reach:g}")


def _reached(epochs: float) -> str:
    return "" if pd.isna(epochs) else f" ({epochs:.1f})"


def _best(study: optuna.Study) -> str:
    """The best value; of several objectives, the number of trials that no other beats."""
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return "-"
    if len(study.directions) > 1:
        return f"front of {len(study.best_trials)}"
    return readable(study.best_value)


def _values(trial: FrozenTrial) -> str:
    return ", ".join(readable(value) for value in trial.values or [None])


def _print_line(
    trial: str, value: str, best: str, epochs: str, stopped: str, style: str | None = None
) -> None:
    console.print(f"{trial:>5}  {value:>12}  {best:>12}  {epochs:>9}  {stopped}", style=style)
