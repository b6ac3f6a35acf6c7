"""Trials that end at their time limit: their best epoch, and how they are repeated."""

from itertools import count
from pathlib import Path

import pytest
from optuna.trial import TrialState

import latentune
from latentune.storage.trial_outcome import stop_reason

from .disturbed_model import trial_states, write_spec
from .manual_timer import FIRE, ManualTimer

CLOCK = "latentune.objectives.time_limit.clock"
NOTE_EPOCH = "Path(f'epoch-{self.current_epoch}').touch()"


@pytest.fixture(autouse=True)
def _a_second_per_step(monkeypatch: pytest.MonkeyPatch) -> None:
    # An epoch of the studies here has five steps, and one more second for its checkpoint.
    monkeypatch.setattr(CLOCK, count().__next__)


@pytest.mark.parametrize(
    ("options", "trainings"), [({}, 1), ({"folds": 2}, 2)], ids=["one training", "folds"]
)
def test_a_trial_ends_at_its_time_with_its_best_epoch(
    options: dict[str, int], trainings: int
) -> None:
    study = latentune.search(
        *("conv-ae", "digits"),
        **{"epochs": 4, "batch_size": 400, "trials": 1, "trial_seconds": 12 * trainings},
        **options,
    )
    (trial,) = study.trials
    assert trial.state == TrialState.COMPLETE
    assert stop_reason(trial).endswith(f"its time of {12 * trainings}s was over")
    assert trainings <= trial.user_attrs["epochs"] < 4 * trainings
    assert latentune.verify("conv-ae-digits:0").reproduced


def test_a_trial_without_an_epoch_in_its_time_fails() -> None:
    study = latentune.search(write_spec("slow", "pass"), trials=1, trial_seconds=1)
    assert trial_states(study) == [TrialState.FAIL]
    assert stop_reason(study.trials[0]) == "its time of 1s was over before its first epoch"


def test_confirm_trains_for_as_many_epochs_as_the_trial() -> None:
    study = latentune.search(write_spec("timed", NOTE_EPOCH), trials=1, trial_seconds=8)
    assert study.trials[0].user_attrs["epochs"] == 1
    Path("epoch-1").unlink()  # it was not finished
    latentune.confirm("mine", top=1, seeds=2)
    assert not Path("epoch-1").exists()


def test_the_time_before_an_interruption_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentune.studies.search.deadline.threading.Timer", ManualTimer)
    model = write_spec("timed", f"if self.current_epoch == 1: {FIRE}")
    study = latentune.search(model, trials=1, seconds=60, trial_seconds=60)
    assert trial_states(study) == [TrialState.WAITING]
    monkeypatch.setattr(CLOCK, lambda: 0)
    study = latentune.search(model, trials=1, trial_seconds=5)
    assert stop_reason(study.trials[0]) == "its time of 5s was over"
    assert study.trials[0].user_attrs["epochs"] == 1
