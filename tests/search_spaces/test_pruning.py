"""Which trials of a study are pruned: none without rivals, in any kind of search."""

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState

import latentune
from latentune.search_spaces.strategies import NONE, PRUNERS, WILCOXON, HalvingPruner

from ..conftest import Cli

EPOCHS = 4
SPEC = """
from functools import partial
import pytorch_lightning as pl
import torch
from latentune import Objective, StudySpec, TensorData

class Net(pl.LightningModule):
    def __init__(self, worth):
        super().__init__()
        self.worth, self.weight = worth, torch.nn.Parameter(torch.zeros(()))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def training_step(self, batch, batch_idx):
        return self.weight**2

    def validation_step(self, batch, batch_idx):
        self.log("worth", self.worth)
        self.log("cost", 1 / self.worth)

def space(trial, data):
    return Net(trial.suggest_float("worth", 1, 2))

data = partial(TensorData, "items.npy")
one, two = {{"worth": "minimize"}}, {{"worth": "minimize", "cost": "minimize"}}
ONE = StudySpec("one", Objective(space, data, metrics=one, max_epochs={epochs}))
TWO = StudySpec("two", Objective(space, data, metrics=two, max_epochs={epochs}))
"""


@pytest.fixture
def own() -> str:
    """Writes a module with two studies of networks that are worth their only parameter."""
    np.save("items.npy", np.random.default_rng(0).random((20, 1, 8, 8), dtype=np.float32))
    Path("own.py").write_text(SPEC.format(epochs=EPOCHS))
    return "own:ONE"


@pytest.mark.parametrize("pruner", ["halving", "hyperband", "median"])
def test_the_first_trial_of_a_study_of_ones_own_keeps_its_result(own: str, pruner: str) -> None:
    first, *others = latentune.search(own, trials=6, pruner=pruner).trials
    assert (first.state, len(first.intermediate_values)) == (TrialState.COMPLETE, EPOCHS)
    worth = [first.value, *(trial.params["worth"] for trial in others)]
    for trial in others:  # each epoch is worth the same
        better = sum(value < trial.params["worth"] for value in worth[: trial.number])
        if pruner == "halving":
            assert (trial.state == TrialState.PRUNED) == (
                better >= max(1, (trial.number + 1) // 4)
            )
        assert better or trial.state == TrialState.COMPLETE


def test_a_first_trial_with_given_values_keeps_its_result(own: str, cli: Cli) -> None:
    best = latentune.search(own, trials=1).trials[0]
    words = ("search", own, "--name", "other", "--enqueue", "runs/one/best.toml")
    assert cli(*words, "--trials", 1, "--no-default-first").code == 0
    (given,) = latentune.search(own, name="other", trials=1).trials
    assert (given.state, given.params) == (TrialState.COMPLETE, best.params)


def test_trainings_and_objectives_have_no_rivals_either(own: str) -> None:
    Path("many.py").write_text(SPEC.format(epochs=f"{EPOCHS}, repeats=3"))
    for study in (
        latentune.search("many:ONE", trials=1, pruner=WILCOXON),
        latentune.search("own:TWO", trials=2),
    ):
        assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}


@pytest.mark.parametrize("pruner", sorted(PRUNERS.keys() - {NONE, WILCOXON}))
@given(
    values=st.lists(st.integers(0, 9), min_size=40, max_size=80), side_by_side=st.integers(1, 4)
)
@settings(max_examples=20, deadline=None)
def test_whoever_is_pruned_has_a_better_rival_at_that_epoch(
    pruner: str, values: list[int], side_by_side: int
) -> None:
    study = optuna.create_study(pruner=PRUNERS[pruner](10))
    running: list[Any] = [(study.ask(), count(1)) for _ in range(side_by_side)]
    for turn, value in enumerate(values):
        slot = value * turn % side_by_side
        trial, steps = running[slot]
        trial.report(value, step := next(steps))
        pruned = step < 10 and trial.should_prune()
        if pruned:
            others = [t for t in study.trials if t.number != trial.number]
            at_step = [t.intermediate_values.get(step, np.inf) for t in others]
            assert min(at_step) < value
        if pruned or step == 10:
            state = TrialState.PRUNED if pruned else TrialState.COMPLETE
            study.tell(trial, None if pruned else value, state=state)
            running[slot] = study.ask(), count(1)


def test_a_trial_that_has_failed_is_no_rival() -> None:
    study = optuna.create_study(pruner=HalvingPruner(1, factor=4))
    diverged, sound = study.ask(), study.ask()
    diverged.report(0.1, 1)
    sound.report(0.2, 1)
    assert sound.should_prune()
    study.tell(diverged, state=TrialState.FAIL)
    assert not sound.should_prune()
