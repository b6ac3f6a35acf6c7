"""Forecasts: the time left, and the chance that more trials are better."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from latentune.storage.study_record import LastSearch, StudyRecord, write_study_record
from latentune.studies.study.forecast.epoch_shares import expected_shares
from latentune.studies.study.forecast.forecast import forecast
from latentune.studies.study.forecast.gain_chance import gain_chance
from latentune.studies.study.forecast.time_left import seconds_left, work_seconds

from ...conftest import Cli

START = datetime(2026, 1, 1)
EPOCHS = 10
DOWN, UP = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


def trial(
    number: int,
    value: float = 1.0,
    *,
    start: float = 0,
    seconds: float = 50,
    epochs: int = EPOCHS,
    state: TrialState = TrialState.COMPLETE,
) -> FrozenTrial:
    """A trial that starts after `start` seconds and takes some more."""
    made = create_trial(
        value=value if state == TrialState.COMPLETE else None,
        state=state,
        intermediate_values=dict.fromkeys(range(1, epochs + 1), value),
    )
    made.number = number
    made.datetime_start = START + timedelta(seconds=start)
    is_running = state == TrialState.RUNNING
    end = made.datetime_start + timedelta(seconds=seconds)
    made.datetime_complete = None if is_running else end
    return made


def settings(trials: int, workers: int = 1, pruner: str = "none") -> LastSearch:
    return LastSearch(trials=trials, workers=workers, sampler="tpe", pruner=pruner)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_equal_trials_take_as_long_as_before() -> None:
    done = [trial(n, start=50 * n) for n in range(4)]
    assert seconds_left(done, settings(10), EPOCHS, after(200)) == pytest.approx(6 * 50)
    running = [*done, trial(4, start=200, epochs=2, state=TrialState.RUNNING)]
    assert seconds_left(running, settings(10), EPOCHS, after(220)) == pytest.approx(6 * 50 - 20)
    assert seconds_left(done, settings(4), EPOCHS, after(200)) == 0
    assert seconds_left(done[:2], settings(10), EPOCHS, after(100)) is None


def test_workers_share_the_work_but_end_one_after_another() -> None:
    seconds = np.full(8, 50.0)
    assert work_seconds(seconds, 1) == 400
    assert 200 < work_seconds(seconds, 2) <= 200 + 50
    assert work_seconds(seconds[:1], 4) == 50


def test_later_trials_tell_the_seconds_of_an_epoch() -> None:
    slow = [trial(n, seconds=50 if n < 5 else 100) for n in range(10)]
    assert seconds_left(slow, settings(11), EPOCHS, after(0)) == pytest.approx(100)


def test_pruned_trials_make_the_others_shorter() -> None:
    whole = [trial(n, pruned_free) for n, pruned_free in enumerate([1.0] * 12)]
    short = [trial(n, seconds=5, epochs=1, state=TrialState.PRUNED) for n in range(12)]
    halving = settings(24, pruner="halving")
    of_whole, of_short = (seconds_left(t, halving, EPOCHS, after(0)) for t in (whole, short))
    assert of_whole is not None
    assert of_short is not None
    assert 0 < of_short < of_whole <= 12 * 50


def test_shares_of_epochs_are_shares_and_unknown_pruners_prune_nothing() -> None:
    shares = expected_shares("halving", "tpe", 500)
    assert (shares > 0).all()
    assert (shares <= 1).all()
    assert (np.diff(shares) >= 0).all()
    assert (expected_shares("median", "tpe", 5) == 1).all()
    assert len(expected_shares("halving", "random", 0)) == 0


def falling(values: Sequence[float]) -> list[FrozenTrial]:
    return [trial(n, value, start=n) for n, value in enumerate(values)]


def test_the_chance_needs_ten_trials_and_a_value() -> None:
    assert gain_chance(falling([1.0] * 9), DOWN, "tpe") is None
    pruned = [trial(n, state=TrialState.PRUNED) for n in range(12)]
    assert gain_chance(pruned, DOWN, "tpe") is None
    assert gain_chance([*pruned, trial(12)], DOWN, "tpe") is not None


def test_the_chance_falls_with_silence_and_rises_with_gains() -> None:
    flat = [gain_chance(falling([1.0] * n), DOWN, "tpe") or 0 for n in (10, 40, 160, 640)]
    assert flat == sorted(flat, reverse=True)
    assert flat[-1] < flat[0] / 2
    gaining = gain_chance(falling([0.9**n for n in range(40)]), DOWN, "tpe") or 0
    assert gaining > flat[1]
    small = gain_chance(falling([0.999 ** (n % 5) for n in range(40)]), DOWN, "tpe")
    assert small == flat[1]  # gains below 1 % are none
    assert (gain_chance(falling([1.0] * 40), DOWN, "random") or 1) < flat[1]


def test_higher_values_are_gains_where_they_are_better() -> None:
    rising = falling([1.1**n for n in range(20)])
    assert (gain_chance(rising, UP, "tpe") or 0) > (gain_chance(rising, DOWN, "tpe") or 1)


def test_a_forecast_of_a_study() -> None:
    study = optuna.create_study()
    record = StudyRecord(definition={"epochs": "5", "repeats": "2"}, last_search=settings(20, 2))
    write_study_record(study, record)
    trials = falling([1.0] * 12)
    found = forecast(study, trials, after(0))
    assert (found.trials_left, found.workers, found.is_running) == (8, 2, False)
    assert found.seconds_left == pytest.approx(8 * 50 / 2 + 50 / 4)
    assert str(found).startswith("about 4 min for the other 8 trials with 2 workers; 20 more ")
    trials += [trial(12, start=0, state=TrialState.RUNNING)]
    assert str(forecast(study, trials, after(0))).startswith(
        "about 7 min left for 8 trials with 1"
    )
    live = forecast(study, trials[:12], after(0), settings(20, 2))
    assert live.brief.startswith("about 4 min left; 20 more trials: 1 % better with probability")
    both = optuna.create_study(directions=["minimize", "maximize"])
    assert forecast(both, [], after(0)).chance is None
    assert str(forecast(both, [], after(0))) == ""


def test_status_tells_the_forecast(trained: Path, cli: Cli) -> None:
    assert cli("search", "conv-ae", "digits", "--trials", 3, "--pruner", "none").code == 2
    words = ("search", "conv-ae", "digits", "--epochs", 2, "--pruner", "none", "--workers", 1)
    assert cli(*words, "--trials", 3).code == 0
    shown = json.loads(cli("status", "conv-ae-digits", "--json").out)
    assert shown["trials"] == {"complete": 3}
    assert shown["best"][0]["values"][0] > 0
    assert shown["forecast"]["trials_left"] == 0
    study = optuna.load_study(study_name="conv-ae-digits", storage="sqlite:///runs/studies.db")
    write_study_record(study, StudyRecord(last_search=settings(9)))
    assert "for the other 6 trials with 1 worker" in cli("status", "conv-ae-digits").out
    (one,) = json.loads(cli("status", "--json").out)
    assert one["forecast"]["trials_left"] == 6
