"""Trials that a program of the user trains: ask, tell, pruning_callback, Best.build."""

from typing import Any

import optuna
import pytest
import pytorch_lightning as pl
import torch
from optuna.trial import TrialState

import latentune
from latentune.studies.study.study_error import StudyError


@pytest.fixture
def study() -> str:
    found = latentune.search("dense-ae", "digits", name="asked", trials=0, epochs=2)
    assert [trial.state for trial in found.trials] == [TrialState.WAITING]  # the defaults
    return found.study_name


def test_the_first_trial_has_the_defaults_and_the_told_value_counts(study: str) -> None:
    trial = latentune.ask(study)
    again = latentune.ask(study)
    assert (trial.number, again.number) == (0, 1)
    assert trial.params != again.params
    latentune.tell(study, trial, 0.5, epoch=3)
    latentune.tell(study, again.number, [0.25])
    best = latentune.load_best(study)
    assert (best.trial, best.value, best.best_epoch) == (1, 0.25, 1)
    assert best.params == again.params
    found = latentune.search("dense-ae", "digits", name=study, trials=3, epochs=2)
    assert found.trials[0].value == 0.5
    assert found.trials[2].state in (TrialState.COMPLETE, TrialState.PRUNED)
    trained = latentune.train(f"{study}:0", epochs=1, pictures="none")
    assert trained.metrics["trial"] == 0


def test_a_best_configuration_builds_an_untrained_network(study: str) -> None:
    trial = latentune.ask(study)
    latentune.tell(study, trial, 0.5)
    best = latentune.load_best(study)
    model: Any = best.build()
    assert model.hparams["latent_dim"] == best.params["latent_dim"]
    assert model.encode(torch.zeros(2, 1, 8, 8)).shape == (2, best.params["latent_dim"])
    wide: Any = best.build(latentune.DataSpec((1, 16, 16)))
    assert wide.reconstruct(torch.zeros(2, 1, 16, 16)).shape == (2, 1, 16, 16)


def fit(trial: optuna.Trial, monitor: str | None = None, epochs: int = 2) -> float:
    data = latentune.TensorData("digits")
    model = latentune.Autoencoder(data.spec, lr=1e-3)
    trainer = pl.Trainer(
        max_epochs=epochs,
        callbacks=[latentune.pruning_callback(trial, monitor)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_train_batches=2,
    )
    trainer.fit(model, data)
    return trainer.callback_metrics["val_mse"].item()


@pytest.mark.filterwarnings("ignore")  # Lightning's advice about loaders
def test_a_trainer_of_ones_own_reports_and_is_pruned(study: str) -> None:
    trial = latentune.ask(study)
    latentune.tell(study, trial, fit(trial))
    (told,) = latentune.search("dense-ae", "digits", name=study, trials=1, epochs=2).trials
    assert list(told.intermediate_values) == [1, 2]
    bad = latentune.ask(study)
    bad.study.pruner = optuna.pruners.ThresholdPruner(upper=0)
    with pytest.raises(optuna.TrialPruned):
        fit(bad)
    latentune.tell(study, bad, None)
    found = latentune.search("dense-ae", "digits", name=study, trials=2, epochs=2)
    assert [t.state for t in found.trials] == [TrialState.COMPLETE, TrialState.PRUNED]


@pytest.mark.filterwarnings("ignore")
def test_the_callback_serves_a_study_of_optuna() -> None:
    own = optuna.create_study(direction="minimize")
    own.optimize(lambda trial: fit(trial, "val_mse"), n_trials=1)
    assert list(own.trials[0].intermediate_values) == [1, 2]


def test_what_cannot_be_told_is_refused(study: str) -> None:
    trial = latentune.ask(study)
    with pytest.raises(StudyError, match=r"1 metrics \(val_mse\): give as many values, not 2"):
        latentune.tell(study, trial, [1, 2])
    with pytest.raises(StudyError, match="nan is not finite: tell None"):
        latentune.tell(study, trial, float("nan"))
    with pytest.raises(StudyError, match="has no trial 7: its last is 0"):
        latentune.tell(study, 7, 1.0)
    latentune.tell(study, trial, None)
    with pytest.raises(StudyError, match="trial 0 of 'asked' is failed: ask"):
        latentune.tell(study, trial, 0.5)
    with pytest.raises(StudyError, match="did you mean 'asked'"):
        latentune.ask("aksed")
    other = optuna.create_study(study_name="elsewhere").ask()
    with pytest.raises(StudyError, match="the trial is of the study 'elsewhere', not 'asked'"):
        latentune.tell(study, other, 0.5)
    with pytest.raises(StudyError, match="name the metric by `monitor=`"):
        latentune.pruning_callback(other)
    with pytest.raises(StudyError, match="several objectives cannot stop"):
        latentune.pruning_callback(optuna.create_study(directions=["minimize"] * 2).ask())


def test_a_number_in_a_tensor_is_a_number(study: str) -> None:
    latentune.tell(study, latentune.ask(study), torch.tensor(0.25))
    assert latentune.load_best(study).value == 0.25
    with pytest.raises(StudyError, match="data is 'digits': give a DataSpec"):
        latentune.load_best(study).build("digits")  # type: ignore[arg-type]
