"""A trial runs again from its record: what is the same, what differs, and what was changed."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
import torch
from optuna.trial import FrozenTrial, TrialState, create_trial

import latentune
from latentune.studies.study.study_lookup import open_study

Cli = Callable[..., Any]
Refused = Callable[..., str]
NAME, DATABASE = "conv-ae-digits", "runs/studies.db"

DIVERGES = """
from functools import partial
import pytorch_lightning as pl, torch
from latentune import TensorData, Objective, StudySpec
class Net(pl.LightningModule):
    def __init__(self, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    def step(self, batch): return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])
    def training_step(self, batch, _): return self.step(batch)
    def validation_step(self, batch, _):
        self.log("val_loss", self.step(batch) / (self.current_epoch != 1))
    def configure_optimizers(self): return torch.optim.SGD(self.parameters(), self.hparams.lr)
def space(trial, data): return Net(trial.suggest_float("lr", 1e-3, 1e-1))
digits = partial(TensorData, "digits", batch_size=500)
SPEC = StudySpec("net", Objective(space, digits, {"val_loss": "minimize"}, max_epochs=3))
"""


def the_study() -> optuna.Study:
    return open_study(optuna.storages.RDBStorage(f"sqlite:///{DATABASE}"), NAME)


def plant(like: FrozenTrial, **changed: Any) -> str:
    """Adds a trial that is like another one but for some of it; returns what to call it."""
    study = the_study()
    provenance = like.user_attrs["provenance"] | changed.pop("provenance", {})
    parts = {
        "state": like.state,
        "params": like.params,
        "distributions": like.distributions,
        "intermediate_values": like.intermediate_values,
        "user_attrs": like.user_attrs | {"provenance": provenance} | changed.pop("attrs", {}),
    }
    value = {} if changed.get("state") in (TrialState.FAIL,) else {"value": like.value}
    study.add_trial(create_trial(**parts | value | changed))
    return f"{NAME}:{len(study.get_trials()) - 1}"


def test_verify_reproduces_trials_and_writes_nothing(cli: Cli, trained: Path) -> None:
    first = the_study().trials[0]
    after_one = {1: first.intermediate_values[1]}
    plant(first, state=TrialState.PRUNED, intermediate_values=after_one, value=after_one[1])
    with sqlite3.connect(DATABASE) as database:
        before = list(database.iterdump())
    answer = cli("verify", NAME, "--trials", 2)
    assert answer.code == 0, answer.err
    assert "2 of 2 reproduced to the last bit" in answer.out
    pruned = latentune.verify(f"{NAME}:3")
    assert str(pruned).startswith(f"trial 3, pruned: reproduced, val_mse {after_one[1]} recorded")
    with sqlite3.connect(DATABASE) as database:
        assert list(database.iterdump()) == before


def test_verify_names_differences_and_changes(
    cli: Cli, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    first = the_study().trials[0]
    values = first.intermediate_values
    versions = first.user_attrs["provenance"]["versions"] | {"torch": "1.2.3"}
    other = plant(
        first,
        intermediate_values=values | {2: values[2] + 1e-9},
        provenance={"versions": versions, "threads": 3},
    )
    answer = cli("verify", other)
    assert answer.code == 1
    assert (
        f"differs from epoch 2 on, val_mse {values[2] + 1e-9} recorded, {values[2]}" in answer.out
    )
    assert "torch: 1.2.3 then, " in answer.out
    assert threads == [3, torch.get_num_threads()]
    assert answer.out.endswith(f"next: latentune status {NAME}\n")

    of_others = latentune.verify(plant(first, provenance={"data_fingerprint": "other"}))
    assert not of_others.reproduced
    assert of_others.current_value is None
    assert of_others.changes["data"][0] == "other"

    failed = plant(first, state=TrialState.FAIL, attrs={"stopped": "val_mse is nan after epoch 3"})
    assert latentune.verify(failed).recorded_value == "val_mse is nan after epoch 3"


def test_a_diverged_trial_diverges_again(cli: Cli) -> None:
    Path("net.py").write_text(DIVERGES)
    latentune.search("net:SPEC", trials=1)
    again = latentune.verify("net:0")
    assert again.reproduced
    assert again.current_value == again.recorded_value == "val_loss is inf after epoch 2"
    assert "no recorded fact" not in str(again)


def test_every_trial_on_an_encoder_is_reproduced(trained: Path) -> None:
    # Who reads an encoder builds it, which draws weights: the second search does in its trial.
    for trials in (1, 2):
        latentune.search("head", "digits", encoder=NAME, trials=trials, epochs=1)
    assert latentune.verify(f"head-{NAME}:1").reproduced


def test_trials_without_a_result_are_refused(refused: Refused, trained: Path) -> None:
    first = the_study().trials[0]
    bug = plant(first, state=TrialState.FAIL, attrs={"stopped": "KeyError: 1", "failure": "x"})
    died = plant(first, state=TrialState.FAIL, attrs={"stopped": "interrupted"})
    the_study().enqueue_trial(first.params)
    assert "is failed and cannot be verified: KeyError: 1" in refused("verify", bug)
    assert "trial 4 is failed and cannot be verified: interrupted" in refused("verify", died)
    assert "trial 5 is waiting and cannot be verified" in refused("verify", f"{NAME}:5")
    assert "has no trial 6: its last is 5" in refused("verify", f"{NAME}:6")
    assert "trials must be at least 1" in refused("verify", NAME, "--trials", 0)
    with pytest.raises(TypeError, match="did you mean 'storage'"):
        latentune.verify(NAME, storag=None)  # type: ignore[call-arg]
