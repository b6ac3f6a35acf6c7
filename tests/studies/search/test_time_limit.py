"""The end of a search at its time limit, and the next search that goes on with its trials."""

import logging

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

import latentune

from ...conftest import Cli
from .disturbed_model import trial_states, write_spec
from .manual_timer import FIRE, ManualTimer


@pytest.fixture
def _manual_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentune.studies.search.deadline.threading.Timer", ManualTimer)


def results(study: optuna.Study) -> list[object]:
    return [
        (trial.params, trial.values, trial.intermediate_values)
        for trial in study.get_trials(deepcopy=False)
    ]


@pytest.mark.usefixtures("_manual_timer")
def test_a_trial_that_the_deadline_interrupts_goes_on_to_the_last_bit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    options = {"trials": 3, "pruner": "none"}
    undisturbed = latentune.search(write_spec("free", "pass"), name="free", **options)
    model = write_spec("timed", f"if (self.number, self.current_epoch) == (1, 1): {FIRE}")
    with caplog.at_level(logging.INFO, logger="latentune"):
        study = latentune.search(model, seconds=1200, **options)
    assert trial_states(study) == [TrialState.COMPLETE, TrialState.WAITING]
    assert study.trials[1].user_attrs["stopped"] == "interrupted"
    lines = [record.getMessage() for record in caplog.records]
    assert lines[-1] == (
        "time is up after 20m: 1 of 3 trials are finished, trial 1 waits after epoch 1; "
        "the same command goes on"
    )
    assert results(latentune.search(model, **options)) == results(undisturbed)


@pytest.mark.usefixtures("_manual_timer")
def test_the_command_ends_normally_although_no_trial_is_complete(cli: Cli) -> None:
    model = write_spec("timed", f"if self.number == 0: {FIRE}")
    answer = cli("search", model, "--trials", 3, "--time", "90s", "--workers", 1)
    assert answer.code == 0
    assert answer.out.splitlines()[-2:] == [
        "time is up after 1.5m: no trial is complete, trial 0 waits after epoch 0; "
        "give it more time by --time",
        "next: latentune status mine",
    ]


@pytest.mark.usefixtures("_manual_timer")
def test_a_worker_that_does_not_stop_at_the_deadline_is_killed_and_its_trial_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("latentune.studies.search.worker_pool.STOP_GRACE_S", 0)
    block = "if self.number == 1 and not Path('blocked').exists(): "
    block += "Path('blocked').touch(); import threading; threading.Event().wait()"

    def fire(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if trial_states(study)[:2] == [TrialState.COMPLETE, TrialState.RUNNING]:
            ManualTimer.fire()

    model = write_spec("blocked", block)
    study = latentune.search(model, trials=9, workers=2, seconds=60, callbacks=[fire])
    assert trial_states(study)[:2] == [TrialState.COMPLETE, TrialState.WAITING]
    assert TrialState.RUNNING not in trial_states(study)
    assert "worker_failures" not in study.trials[1].user_attrs
    study = latentune.search(model, trials=9)
    assert not [state for state in trial_states(study) if not state.is_finished()]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_search_whose_time_is_up_before_the_first_trial_starts_none(workers: int) -> None:
    options = {"trials": 1000, "epochs": 1, "workers": workers}
    study = latentune.search("conv-ae", "digits", seconds=1e-9, **options)
    assert trial_states(study) == [TrialState.WAITING]
    assert "stopped" not in study.trials[0].user_attrs


def test_an_estimator_has_a_network_although_its_time_is_up() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 3))
    encoder = latentune.LatentuneEncoder(trials=9, seconds=1e-9, epochs=1, final_epochs=1)
    assert len(encoder.fit_transform(rows)) == 40
    storage = "sqlite:///runs/studies.db"
    study = optuna.load_study(study_name=encoder.study_, storage=storage)
    assert trial_states(study) == [TrialState.COMPLETE]
