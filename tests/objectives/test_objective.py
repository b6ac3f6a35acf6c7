"""The objective: what it returns, reports and records, and how it fails."""

import json
import math
from functools import partial
from typing import Any

import optuna
import pytest
import pytorch_lightning as pl
import torch
from optuna.trial import BaseTrial, TrialState

from latentune import DataSpec, Objective, TensorData
from latentune.objectives.training_errors import MonitorError, TrialFailed


class Scripted(pl.LightningModule):
    """Logs a given metric each epoch; its training does nothing."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.values = values
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        return self.weight.sum()

    def validation_step(self, batch: list[torch.Tensor], batch_idx: int) -> None:
        self.log("val_score", self.values[self.current_epoch], batch_size=1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def objective(values: list[float], **options: object) -> Objective:
    def space(trial: BaseTrial, data: DataSpec) -> Scripted:
        trial.suggest_float("unused", 0, 1)
        return Scripted(values)

    return Objective(
        model=space,
        data=partial(TensorData, "digits", batch_size=2000),
        **{"metrics": {"val_score": "minimize"}, "max_epochs": len(values), **options},
    )


@pytest.mark.parametrize(
    ("direction", "value", "epoch"), [("minimize", 0.25, 2), ("maximize", 0.75, 3)]
)
def test_a_trial_is_worth_its_best_epoch(direction: str, value: float, epoch: int) -> None:
    study = optuna.create_study(direction=direction)
    study.optimize(objective([0.5, 0.25, 0.75, 0.5], metrics={"val_score": direction}), n_trials=1)
    trial = study.trials[0]
    assert trial.value == value
    assert trial.user_attrs["best_epoch"] == epoch
    assert trial.intermediate_values == {1: 0.5, 2: 0.25, 3: 0.75, 4: 0.5}


def test_a_trial_records_what_a_rerun_needs() -> None:
    study = optuna.create_study()
    study.optimize(objective([0.5], seed=40), n_trials=3)
    attrs = study.trials[2].user_attrs
    assert attrs["provenance"]["seed"] == 42
    assert attrs["provenance"]["data_fingerprint"] == TensorData("digits").fingerprint
    assert attrs["hparams"] == {"values": [0.5]}
    assert attrs["parameters"] == 1
    assert attrs["epochs"] == 1
    assert attrs["stopped"] == "all epochs"
    assert attrs["provenance"]["versions"]["torch"] == torch.__version__.split("+")[0]
    assert "git_commit" in attrs["provenance"]
    json.dumps(attrs)


def test_a_pruned_trial_says_so() -> None:
    pruner = optuna.pruners.ThresholdPruner(upper=0.6)
    study = optuna.create_study(pruner=pruner)
    study.optimize(objective([0.5, 0.7, 0.1]), n_trials=1)
    trial = study.trials[0]
    assert trial.state == TrialState.PRUNED
    assert trial.user_attrs["stopped"] == "pruned"
    assert (trial.user_attrs["epochs"], trial.user_attrs["best_epoch"]) == (2, 1)


def test_a_trial_that_has_had_all_its_epochs_is_complete() -> None:
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=0.6))
    study.optimize(objective([0.5, 0.7]), n_trials=1)
    assert study.trials[0].state == TrialState.COMPLETE


@pytest.mark.parametrize(
    ("patience", "epochs"), [(2, 4), (3, 5), (None, 12)], ids=["2", "3", "default"]
)
def test_a_trial_without_progress_ends_early(patience: int | None, epochs: int) -> None:
    values = [0.9, 0.5, *10 * [0.6], 0.1]
    study = optuna.create_study(pruner=optuna.pruners.NopPruner())
    study.optimize(objective(values, early_stopping_patience=patience), n_trials=1)
    trial = study.trials[0]
    assert trial.state == TrialState.COMPLETE
    assert trial.user_attrs["epochs"] == epochs
    assert trial.user_attrs["stopped"] == f"no better for {patience or 10} epochs"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_diverged_trial_fails_with_its_reason_and_the_study_goes_on(value: float) -> None:
    study = optuna.create_study()
    study.optimize(objective([0.5, value, 0.1]), n_trials=2, catch=(TrialFailed,))
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 2
    assert study.trials[0].user_attrs["stopped"] == f"val_score is {value} after epoch 2"


def test_an_exhausted_memory_fails_the_trial_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust(*args: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(Scripted, "training_step", exhaust)
    study = optuna.create_study()
    study.optimize(objective([0.5]), n_trials=1, catch=(TrialFailed,))
    assert study.trials[0].user_attrs["stopped"] == "out of memory: 1 parameter, batch of 2,000"


def test_a_bug_ends_the_search_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*args: object) -> None:
        raise RuntimeError("shapes differ\nhere is more")

    monkeypatch.setattr(Scripted, "training_step", stumble)
    study = optuna.create_study()
    with pytest.raises(RuntimeError, match="shapes differ"):
        study.optimize(objective([0.5]), n_trials=2, catch=(TrialFailed,))
    assert [t.user_attrs["stopped"] for t in study.trials] == ["RuntimeError: shapes differ"]


def test_a_metric_that_is_never_logged_is_an_error_that_lists_those_that_are() -> None:
    wrong = objective([0.5], metrics={"val_loss": "minimize"})
    with pytest.raises(MonitorError, match="never logs 'val_loss'; it logs: val_score"):
        optuna.create_study().optimize(wrong, n_trials=1)
    with pytest.raises(MonitorError, match="it logs: val_score"):
        wrong.sanity_check(optuna.create_study().ask())


def test_the_same_seed_gives_the_same_value() -> None:
    from latentune.search_spaces.autoencoder_spaces import conv_ae

    real = Objective(conv_ae, partial(TensorData, "digits"), max_epochs=1, seed=3)
    params = {"latent_dim": 3, "linear_path": False, "lr": 1e-3, "l1": 1e-6, "l2": 1e-6}
    first, second = (_value(real, params) for _ in range(2))
    assert first == second


def _value(real: Objective, params: dict[str, Any]) -> float:
    study = optuna.create_study()
    study.enqueue_trial(params)
    study.optimize(real, n_trials=1)
    return study.best_value
