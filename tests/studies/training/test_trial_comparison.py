"""A training that ends worse than its trial in the search says so, why, and what to try."""

from pathlib import Path

import numpy as np
import pytest

import latentune

SPEC = """
from functools import partial
import pytorch_lightning as pl
import torch
from latentune import Objective, StudySpec, TensorData

class Net(pl.LightningModule):
    def __init__(self, data, x):
        super().__init__()
        self.save_hyperparameters()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def training_step(self, batch, batch_idx):
        return self.weight**2

    def validation_step(self, batch, batch_idx):
        worth = {worth}
        self.log("cost", 1 / worth)
        self.log("worth", float(worth))

def space(trial, data):
    return Net(data, trial.suggest_float("x", 0, 1))

data = partial(TensorData, "items.npy")
metrics = {{"{metric}": "{way}"}}
SPEC = StudySpec("own", Objective(space, data, metrics=metrics, max_epochs=4{more}))
"""
EPOCH = "self.trainer.current_epoch + 1"


def searched(worth: str, metric: str = "cost", way: str = "minimize", more: str = "") -> None:
    """Searches one trial of four epochs, each of which is worth what an expression says."""
    np.save("items.npy", np.random.default_rng(0).random((20, 1, 8, 8), dtype=np.float32))
    Path("own.py").write_text(SPEC.format(worth=worth, metric=metric, way=way, more=more))
    latentune.search("own:SPEC", trials=1)


def said(**options: object) -> list[str]:
    found = latentune.train("own", pictures="none", **options)
    assert all(line in str(found).splitlines() for line in found.notes)
    return list(found.notes)


@pytest.mark.parametrize(
    ("metric", "way", "now", "then"),
    [("cost", "minimize", "0.5", "0.25"), ("worth", "maximize", "2", "4")],
)
def test_fewer_epochs_than_the_trial_had(metric: str, way: str, now: str, then: str) -> None:
    searched(EPOCH, metric, way)
    assert said(epochs=2) == [
        f"{metric} {now} is worse than {then} of trial 0 in the search: it had 2 epochs "
        "and the trial 4, so that its learning rate decayed sooner; try: latentune train own "
        "--epochs 4"
    ]
    assert said(epochs=4) == said(epochs=8) == []


def test_more_epochs_and_other_weights() -> None:
    searched("4 / self.trainer.max_epochs")
    (line,) = said(epochs=8)
    assert "cost 2 is worse than 1 of trial 0 in the search" in line
    assert "it had 8 epochs and the trial 4, so that its learning rate decayed later" in line
    (line,) = said(epochs=8, init_from="own")
    assert line.endswith("it began with the weights of own; try: latentune train own --epochs 4")
    (line,) = said(epochs=8, precision="bf16", accelerator="cpu")
    assert "it was trained with precision bf16, not 32; try" in line


def test_the_same_epochs_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    searched("1")
    assert said(epochs=4) == []
    import own

    own.Net.validation_step = lambda self, batch, _: self.log("cost", 2.0)
    (line,) = said(epochs=4)
    assert "nothing recorded differs, so that it is chance" in line
    monkeypatch.setattr(
        "latentune.studies.training.trial_comparison.versions", lambda: {"torch": "9.9"}
    )
    (line,) = said(epochs=4)
    assert "torch was " in line
    assert ", and is 9.9; try: latentune train own --seeds 5" in line


def test_a_mean_over_seeds_is_not_one_training() -> None:
    searched("1 + self.trainer.current_epoch % 2 * (torch.initial_seed() % 2)", more=", repeats=2")
    (line,) = said(epochs=4)
    assert "that is a mean over several seeds, and this is one training" in line
