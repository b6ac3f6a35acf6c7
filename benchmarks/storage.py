"""Measures the time of a trial outside of its training, in a study with many trials.

Plain Optuna runs the same trials with the same sampler and pruner, in interleaved rounds:

    python -W ignore -m benchmarks.storage
"""

import argparse
import json
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import optuna
from optuna.storages import RDBStorage
from sqlalchemy import Engine, event

from latentune import Objective, StudySpec
from latentune.search_spaces.strategies import PRUNERS, SAMPLERS
from latentune.storage.database import open_database
from latentune.storage.runs_folder import Runs
from latentune.storage.study_summary import Study
from latentune.studies.search.search_plan import SearchPlan
from latentune.studies.search.trial_loop import TrialLoop
from latentune.studies.search.worker_context import local_context
from latentune.studies.study.defaults import PRUNER
from latentune.studies.study.recipe import Recipe
from latentune.studies.study.search_options import SearchOptions

from .past_trials import DATA, EPOCHS, create_past_study, recorded_curves, space
from .untrained import untrained

NAME = "s"
WARM = 3  # trials that are not counted


class Spent(NamedTuple):
    """The resources of a trial outside of its training; means of several trials.

    Attributes:
        cpu: Milliseconds of this process.
        wall: Milliseconds on the clock.
        writes: Transactions that change the database.
        reads: Transactions that do not.
    """

    cpu: float
    wall: float
    writes: float
    reads: float


class Clock:
    """Notes the time and the transactions at each call of `mark`."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.marks: list[tuple[float, float, int, int]] = []

    def mark(self) -> None:
        counted = self.count["writes"], self.count["reads"]
        self.marks.append((1e3 * time.process_time(), 1e3 * time.perf_counter(), *counted))

    def spent(self) -> Spent:
        each = np.diff(np.array(self.marks[WARM - 1 :]), axis=0)
        return Spent(*map(float, each.mean(axis=0)))


def measure(
    size: int,
    trials: int = 40,
    sampler: str = SearchOptions.sampler,
    *,
    pruned: bool = False,
    past: Path | None = None,
) -> Spent:
    """Returns the resources of a trial whose epochs take no time, in the loop of all trials.

    Args:
        size: Number of finished trials at the start.
        trials: Number of trials that the mean is taken over.
        sampler: A key of `SAMPLERS`.
        pruned: Whether trials repeat recorded learning curves, so that the pruner ends three in
            four after an epoch. If False, each trial has ten epochs and is the best so far.
        past: A database with a study of so many trials, which is copied. None makes one.
    """
    with _database(size, past) as (folder, url), _transactions() as clock:
        plan = _plan(Runs(folder), url, size + WARM + trials, sampler)
        study = Study(study_name=plan.name, storage=open_database(plan.storage))

        def handle(word: str, content: Any) -> None:
            if word == "finished":
                study.get_trials(deepcopy=False)  # as the coordinator does
                clock.mark()

        with untrained(curves=recorded_curves() if pruned else ()):
            context = local_context(plan, handle, folder)
            TrialLoop(study, plan, threading.Event(), context).run()
    return clock.spent()


def measure_optuna(
    size: int,
    trials: int = 40,
    sampler: str = SearchOptions.sampler,
    *,
    pruned: bool = False,
    past: Path | None = None,
) -> Spent:
    """Returns the resources of a trial in plain Optuna. The arguments are those of `measure`."""
    draws, curves = np.random.default_rng(1), recorded_curves()

    def objective(trial: optuna.Trial) -> float:
        space(trial, DATA)
        curve = curves[draws.integers(len(curves))] if pruned else [-time.time()] * EPOCHS
        for epoch, value in enumerate(curve, start=1):
            trial.report(value, epoch)
            if epoch < EPOCHS and trial.should_prune():
                raise optuna.TrialPruned
        return min(curve)

    with _database(size, past) as (_, url), _transactions() as clock:
        storage = RDBStorage(url)
        event.listen(
            storage.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=NORMAL")
        )
        study = optuna.load_study(
            study_name=NAME,
            storage=storage,
            sampler=SAMPLERS[sampler](0),
            pruner=PRUNERS[PRUNER](EPOCHS),
        )
        study.optimize(objective, WARM + trials, callbacks=[lambda *_: clock.mark()])
        storage.remove_session()
        storage.engine.dispose()
    return clock.spent()


def _plan(runs: Runs, url: str, trials: int, sampler: str) -> SearchPlan:
    plan = SearchPlan(
        name=NAME,
        recipe=Recipe("conv-ae", "digits"),
        definition={},
        trials=trials,
        seconds=None,
        workers=1,
        first=[],
        enqueued_params=[],
        pruner=PRUNER,
        sampler=sampler,
        runs=runs,
        storage=url,
    )
    data = SimpleNamespace(spec=DATA, fingerprint="0123456789abcdef")
    vars(plan)["spec"] = StudySpec(NAME, Objective(space, lambda: data, max_epochs=EPOCHS))
    return plan


@contextmanager
def _database(size: int, past: Path | None) -> Iterator[tuple[Path, str]]:
    """Yields a folder with a database of its own, and the database's URL."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        url = f"sqlite:///{folder}/studies.db"
        if past is None:
            create_past_study(url, NAME, size)
        else:
            shutil.copyfile(past, folder / "studies.db")
        yield folder, url


@contextmanager
def _transactions() -> Iterator[Clock]:
    """Yields a clock that counts the transactions of all databases of this process."""
    clock = Clock()
    writing: set[int] = set()

    def execute(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if not statement.lstrip().startswith("SELECT"):
            writing.add(id(connection))

    def commit(connection: Any) -> None:
        clock.count["writes" if id(connection) in writing else "reads"] += 1
        writing.discard(id(connection))

    event.listen(Engine, "before_cursor_execute", execute)
    event.listen(Engine, "commit", commit)
    try:
        yield clock
    finally:
        event.remove(Engine, "before_cursor_execute", execute)
        event.remove(Engine, "commit", commit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 1000, 10_000])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sampler", default=SearchOptions.sampler)
    parser.add_argument("--pruned", action="store_true", help="trials of recorded curves")
    options = parser.parse_args()
    cases: dict[str, Callable[..., Spent]] = {"latentune": measure, "optuna": measure_optuna}
    given = (options.trials, options.sampler)
    for size in options.sizes:
        rounds: dict[str, list[Spent]] = {name: [] for name in cases}
        with _database(size, None) as (folder, _):
            past = folder / "studies.db"
            for _ in range(options.rounds):
                for name, run in cases.items():
                    rounds[name].append(run(size, *given, pruned=options.pruned, past=past))
        for name, spent in rounds.items():
            found = {key: round(median(each), 1) for key, each in _columns(spent)}
            print(json.dumps({"size": size, "program": name, **found}), flush=True)


def _columns(spent: list[Spent]) -> Iterator[tuple[str, tuple[float, ...]]]:
    return zip(Spent._fields, zip(*spent, strict=True), strict=True)


if __name__ == "__main__":
    main()
