"""Searches spaces in which a part of the trials fails, with and without learning from failures.

    python -W ignore -m benchmarks.failing_points --seeds 10 --searches 2

The first table is of the functions with which a search draws and ends trials, on a database in
memory, with a formula as the error of a trial. A trial fails if it is wide. The error is lowest at
the widest network, or at a narrow one. "3 in a row" counts the runs with three failures one after
the other. The second table is of real searches by `latentune.search`, which train a stand-in for
one step: it raises PyTorch's error about memory, or a bug, or logs the formula.
"""

import argparse
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from math import inf, log10
from statistics import mean, median
from typing import Any, NamedTuple
from unittest.mock import patch

import optuna
import pytorch_lightning as pl
import torch
from optuna.trial import BaseTrial, FrozenTrial, Trial, TrialState

import latentune
from latentune import DataSpec, Objective, StudySpec, TensorData
from latentune.search_spaces.strategies import SAMPLERS, StatelessSampler
from latentune.storage.optuna_internals import read_trial
from latentune.storage.trial_record import TrialRecord
from latentune.studies.search.new_trial import new_trial
from latentune.studies.search.trial_lease import finish_trial
from latentune.studies.study.study_error import StudyError

TRIALS = 40
MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
BUG = RuntimeError("mat1 and mat2 shapes cannot be multiplied")


class Case(NamedTuple):
    """A trial raises `error` if it is wider than `limit`; the best ones have the width `best`."""

    error: Exception
    limit: float
    best: float

    def value(self, params: Mapping[str, float]) -> float:
        """Returns the error of a trial that does not fail, which is at least 0."""
        distances = (
            params["width"] - self.best,
            (log10(params["lr"]) + 3) / 3,
            params["momentum"] - 0.6,
        )
        return sum(distance**2 for distance in distances)


CASES = {
    "half fails for memory, the best too": Case(MEMORY, 0.5, 1.0),
    "half fails for memory, not the best": Case(MEMORY, 0.5, 0.2),
    "45 % raise a bug, not the best": Case(BUG, 0.55, 0.2),
}


class StandIn(pl.LightningModule):
    """A network with the error of a case."""

    def __init__(self, case: Case, **options: float) -> None:
        super().__init__()
        self.save_hyperparameters(ignore="case")
        self.case, self.options = case, options
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        if self.options["width"] > self.case.limit:
            raise self.case.error
        return self.layer.weight.sum()

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val_mse", self.case.value(self.options))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1e-3)


def suggest(trial: BaseTrial) -> dict[str, float]:
    """Suggests the three parameters of all cases."""
    return {
        "width": trial.suggest_float("width", 0, 1),
        "lr": trial.suggest_float("lr", 1e-5, 1e-1, log=True),
        "momentum": trial.suggest_float("momentum", 0, 1),
    }


def _space(case: Case, trial: BaseTrial, data: DataSpec) -> StandIn:
    return StandIn(case, **suggest(trial))


def _spec(case: Case) -> StudySpec:
    data = partial(TensorData, "digits", batch_size=2000)
    return StudySpec("failing", Objective(partial(_space, case), data, max_epochs=1))


FIRST, SECOND, THIRD = map(_spec, CASES.values())


def _draw(trial: Trial) -> TrialRecord:
    suggest(trial)
    return TrialRecord()


def simulate(case: Case, sampler: str, seed: int) -> list[FrozenTrial]:
    """Returns the trials that a search would make, without its database and training."""
    study = optuna.create_study(sampler=StatelessSampler(SAMPLERS[sampler], seed))
    for _ in range(TRIALS):
        trial = new_trial(study, study.get_trials(deepcopy=False), _draw)
        if trial.params["width"] > case.limit:
            finish_trial(study, read_trial(trial), TrialState.FAIL, None)
        else:
            value = case.value(trial.params)
            finish_trial(study, read_trial(trial), TrialState.COMPLETE, [value])
    return study.trials


def search(name: str, seed: int) -> list[FrozenTrial]:
    """Returns the trials of a real search of the case whose study has this name here."""
    words: dict[str, Any] = {"trials": TRIALS, "seed": seed, "workers": 1, "pruner": "none"}
    with tempfile.TemporaryDirectory() as runs:
        with suppress(StudyError):
            latentune.search(f"benchmarks.failing_points:{name}", runs=runs, **words)
        return optuna.load_study(
            study_name="failing", storage=f"sqlite:///{runs}/studies.db"
        ).trials


def describe(runs: Sequence[Sequence[FrozenTrial]]) -> list[str]:
    """Returns the shares of failed trials, the best value, and how many runs had each end."""
    failed = [[trial.state == TrialState.FAIL for trial in trials] for trials in runs]
    best = [min((t.value for t in trials if t.value is not None), default=inf) for trials in runs]
    in_a_row = [any(map(all, zip(each, each[1:], each[2:], strict=False))) for each in failed]
    half = TRIALS // 2
    return [
        f"{mean(mean(each[:half]) for each in failed):.0%}",
        f"{mean(mean(each[half:] or [True]) for each in failed):.0%}",
        f"{median(best):.4f}",
        f"{sum(in_a_row)} of {len(runs)}",
        f"{sum(len(each) == TRIALS for each in failed)} of {len(runs)}",
    ]


def print_table(rows: Mapping[str, Callable[[], Sequence[Sequence[FrozenTrial]]]]) -> None:
    """Prints a row for each case as soon as it has run."""
    print("| | failed of the first 20 | of the last 20 | best | 3 in a row | all trials |")
    print("|--|--|--|--|--|--|")
    for name, run in rows.items():
        print("| " + " | ".join([name, *describe(run())]) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--searches", type=int, default=2)
    parser.add_argument("--samplers", nargs="+", default=["tpe", "gp"])
    options = parser.parse_args()
    logging.getLogger("latentune").setLevel(logging.ERROR)
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def simulations(case: Case, sampler: str, learns: bool) -> list[list[FrozenTrial]]:
        with ExitStack() as stack:
            if not learns:
                shown = "latentune.studies.search.new_trial.show_infeasible_trials"
                stack.enter_context(patch(shown, lambda trials, directions: trials))
            return [simulate(case, sampler, seed) for seed in range(options.seeds)]

    rows = {}
    for sampler in options.samplers:
        for name, case in CASES.items():
            for learns in (False, True):
                how = f"{sampler}{'' if learns else ', ignores failures'}"
                rows[f"{name}: {how}"] = partial(simulations, case, sampler, learns)
    print_table(rows)

    def searches(spec: str) -> list[list[FrozenTrial]]:
        return [search(spec, seed) for seed in range(options.searches)]

    names = ("FIRST", "SECOND", "THIRD")
    if options.searches:
        print_table(
            {
                f"{name}: search": partial(searches, spec)
                for name, spec in zip(CASES, names, strict=True)
            }
        )


if __name__ == "__main__":
    main()
