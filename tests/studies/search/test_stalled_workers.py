"""Trainings that make no step: they are said, and their workers are stopped."""

import logging
import threading
from dataclasses import replace

import pytest
from optuna.trial import TrialState

from latentune.objectives.pace import Pace
from latentune.studies.search import stalled_workers
from latentune.studies.search.coordinator import Coordinator
from latentune.studies.search.search_plan import plan_search
from latentune.studies.search.stalled_workers import StallLimits, StallWatch

from .disturbed_model import trial_states, write_spec


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(stalled_workers, "clock", lambda: now[0])
    return now


def test_a_worker_stalls_by_the_pace_of_its_own_trial(clock: list[float]) -> None:
    def found(watch: StallWatch, seconds: int) -> list[tuple[int, bool]]:
        stalls = []
        for _ in range(seconds):
            clock[0] += 1
            stalls += [(int(clock[0]), stall.is_over) for stall in watch.find_stalls()]
        return stalls

    def watch(pace: Pace) -> StallWatch:
        clock[0] = 0
        one = StallWatch(StallLimits())
        one.record(0, pace)
        return one

    # A report may be ten seconds old; 60 s without a step, or 20 slowest steps, and 5 times that.
    assert found(watch(Pace(0.1, epochs=1)), 400) == [(71, False), (311, True)]
    assert found(watch(Pace(10, epochs=1)), 1100) == [(211, False), (1011, True)]
    assert found(watch(Pace(0.1, epochs=0)), 4000) == [(71, False), (3611, True)]
    training = watch(Pace(0.1, epochs=1))
    assert found(training, 70) == []
    training.record(0, Pace(0.1, epochs=1))
    assert found(training, 70) == []
    training.record(0, None)
    assert found(training, 1000) == []


def test_a_coordinator_that_was_suspended_blames_no_worker(clock: list[float]) -> None:
    watch = StallWatch(StallLimits())
    watch.record(0, Pace(0.1, epochs=1))
    clock[0] += 3600
    assert watch.find_stalls() == []


def test_a_worker_that_stalls_is_stopped_and_its_trial_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    block = "if (self.number, self.current_epoch) == (1, 1) and not Path('blocked').exists(): "
    block += "Path('blocked').touch(); import threading; threading.Event().wait()"
    plan = plan_search(write_spec("blocked", block), None, trials=4, workers=2, pruner="none")
    limits = StallLimits(
        seconds=2, slowest_steps=0, stop_factor=1, first_epoch_seconds=0, report_interval=0
    )
    with caplog.at_level(logging.WARNING, logger="latentune"):
        study = Coordinator(replace(plan, stall_limits=limits)).run("a test")
    assert trial_states(study) == [TrialState.COMPLETE] * 4
    assert study.trials[1].user_attrs["worker_failures"] == [1]
    lines = [record.getMessage() for record in caplog.records]
    said = [line for line in lines if line.startswith("trial 1 in worker")]
    assert ["goes on" in line for line in said] == [True, False]
    assert all("no step for" in line for line in said)


def test_a_trial_in_this_process_that_makes_no_step_is_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Release(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "no step" in record.getMessage():
                said.set()

    said = threading.Event()
    monkeypatch.setattr(stalled_workers, "POLL_INTERVAL_S", 0.01)
    monkeypatch.setattr(stalled_workers, "said", said, raising=False)
    wait = "if self.number == 0 and batch_idx == 1: "
    wait += "from latentune.studies.search import stalled_workers; stalled_workers.said.wait()"
    plan = plan_search(write_spec("blocked", wait), None, trials=1, workers=1)
    limits = StallLimits(seconds=0, slowest_steps=0, report_interval=0)
    release, log = Release(), logging.getLogger("latentune")
    log.addHandler(release)
    try:
        study = Coordinator(replace(plan, stall_limits=limits)).run("a test")
    finally:
        log.removeHandler(release)
    assert trial_states(study) == [TrialState.COMPLETE]
    assert any("`workers=` 2" in record.getMessage() for record in caplog.records)
