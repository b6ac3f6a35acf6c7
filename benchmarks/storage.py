"""Measures the time of a trial outside of its training, in a study with many trials.

python -W ignore -m benchmarks.storage
"""

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import optuna
import pytorch_lightning as pl
from optuna.trial import BaseTrial, FrozenTrial, TrialState, create_trial
from sqlalchemy import Engine, event
from torch import nn

from latentune import DataSpec, Objective, StudySpec
from latentune.search_spaces.suggestions import record_parameters
from latentune.storage.database import open_database
from latentune.storage.runs_folder import Runs
from latentune.storage.study_summary import Study
from latentune.studies.search.search_plan import SearchPlan
from latentune.studies.search.trial_loop import TrialLoop
from latentune.studies.search.worker_context import local_context
from latentune.studies.study.defaults import PRUNER
from latentune.studies.study.recipe import Recipe
from latentune.studies.study.search_options import SearchOptions

from .untrained import untrained

CURVES = Path(__file__).with_name("curves.jsonl")
DATA = DataSpec((1, 28, 28))
EPOCHS = 10
RUNGS = {1: 0, 4: 1}  # epochs after which successive halving by 4 looks
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


class Nothing(pl.LightningModule):
    """A model with six options that is not trained."""

    def __init__(self, data: DataSpec, **options: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = nn.Linear(1, 1)


def space(trial: BaseTrial, data: DataSpec) -> Nothing:
    return Nothing(
        data,
        latent_dim=trial.suggest_int("latent_dim", 2, 32, log=True),
        width=trial.suggest_float("width", 0.5, 2),
        lr=trial.suggest_float("lr", 1e-5, 1e-2, log=True),
        l1=trial.suggest_float("l1", 1e-6, 1e-3, log=True),
        l2=trial.suggest_float("l2", 1e-6, 1e-3, log=True),
        momentum=trial.suggest_float("momentum", 0.5, 0.99),
    )


def measure(
    size: int, trials: int = 40, sampler: str = SearchOptions.sampler, *, pruned: bool = False
) -> Spent:
    """Returns the resources of a trial whose epochs take no time, in the loop of all trials.

    Args:
        size: Number of finished trials at the start.
        trials: Number of trials that the mean is taken over.
        sampler: A key of `SAMPLERS`.
        pruned: Whether trials repeat recorded learning curves, so that the pruner ends three in
            four after an epoch. If False, each trial has ten epochs and is the best so far.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rng = np.random.default_rng(0)
    marks: list[tuple[float, float, int, int]] = []
    with tempfile.TemporaryDirectory() as folder, _transactions() as count:
        plan = _plan(Runs(Path(folder)), size + WARM + trials, sampler)
        made = optuna.create_study(
            study_name=plan.name, storage=open_database(plan.storage, create=True)
        )
        made.add_trials(_past(size, rng))
        study = Study(study_name=plan.name, storage=open_database(plan.storage))

        def handle(word: str, content: Any) -> None:
            if word == "finished":
                study.get_trials(deepcopy=False)  # as the head does
                counted = count["writes"], count["reads"]
                marks.append((1e3 * time.process_time(), 1e3 * time.perf_counter(), *counted))

        with untrained(curves=_curves() if pruned else ()):
            context = local_context(plan, handle, Path(folder))
            TrialLoop(study, plan, threading.Event(), context).run()
    each = np.diff(np.array(marks[WARM - 1 :]), axis=0)
    return Spent(*map(float, each.mean(axis=0)))


def _plan(runs: Runs, trials: int, sampler: str) -> SearchPlan:
    plan = SearchPlan(
        name="s",
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
        storage=runs.database,
    )
    data = SimpleNamespace(spec=DATA, fingerprint="0123456789abcdef")
    vars(plan)["spec"] = StudySpec("s", Objective(space, lambda: data, max_epochs=EPOCHS))
    return plan


def _past(size: int, rng: np.random.Generator) -> Iterator[FrozenTrial]:
    """Makes finished trials of recorded learning curves, one in four of which passed a rung."""
    curves = _curves()
    distributions = record_parameters(space, DATA).distributions
    drawn = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(size):
        epochs = next((epoch for epoch in RUNGS if rng.random() < 0.75), EPOCHS)
        curve = curves[rng.integers(len(curves))][:epochs]
        params = drawn.ask(distributions).params
        yield create_trial(
            state=TrialState.COMPLETE if epochs == EPOCHS else TrialState.PRUNED,
            value=min(curve),
            params=params,
            distributions=distributions,
            intermediate_values=dict(enumerate(curve, start=1)),
            user_attrs={
                "provenance": {"seed": 0, "versions": {"python": "3"}},
                "hparams": params,
                "parameters": 2,
                "stopped": "all epochs" if epochs == EPOCHS else "pruned",
                "epochs": epochs,
                "best_epoch": epochs,
            },
            system_attrs={
                f"completed_rung_{rung}": curve[epoch - 1]
                for epoch, rung in RUNGS.items()
                if epoch <= epochs
            },
        )


def _curves() -> list[list[float]]:
    return [json.loads(line)["val_mse"] for line in CURVES.read_text().splitlines()]


@contextmanager
def _transactions() -> Iterator[Counter[str]]:
    """Counts the transactions of all databases of this process."""
    count: Counter[str] = Counter()
    writing: set[int] = set()

    def execute(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if not statement.lstrip().startswith("SELECT"):
            writing.add(id(connection))

    def commit(connection: Any) -> None:
        count["writes" if id(connection) in writing else "reads"] += 1
        writing.discard(id(connection))

    event.listen(Engine, "before_cursor_execute", execute)
    event.listen(Engine, "commit", commit)
    try:
        yield count
    finally:
        event.remove(Engine, "before_cursor_execute", execute)
        event.remove(Engine, "commit", commit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 100, 1000, 5000])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--sampler", default=SearchOptions.sampler)
    parser.add_argument("--pruned", action="store_true", help="trials of recorded curves")
    options = parser.parse_args()
    for size in options.sizes:
        spent = measure(size, options.trials, options.sampler, pruned=options.pruned)
        found = {name: round(value, 1) for name, value in spent._asdict().items()}
        print(json.dumps({"size": size, **found}), flush=True)


if __name__ == "__main__":
    main()
