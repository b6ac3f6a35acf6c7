"""Trials whose processes have died, and the leases of processes that live."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

import latentune
from latentune.storage.database import HEARTBEAT_S
from latentune.storage.trial_outcome import stop_reason
from latentune.studies.search.search_plan import plan_search
from latentune.studies.search.trial_lease import requeue_dead_trials
from latentune.studies.search.trial_loop import TrialLoop
from latentune.studies.search.worker_context import local_context

from .disturbed_model import trial_states, write_spec

Cli = Callable[..., Any]


def interrupted(study: optuna.Study, epochs: int, *, beat: bool = True) -> optuna.Trial:
    """Leaves a trial as a process that dies in it."""
    with pytest.warns(UserWarning, match="Heartbeat"):
        trial = study.ask()
    trial.suggest_float("lr", 1e-4, 1e-2)
    for epoch in range(1, epochs + 1):
        if epoch not in trial.study.trials[trial.number].intermediate_values:
            trial.report(1.0, epoch)
    if beat:
        inner = study._storage._backend
        inner.record_heartbeat(trial._trial_id)
    with closing(sqlite3.connect("runs/studies.db")) as connection, connection:
        old = "datetime('now', '-1 hour')"
        connection.execute(f"UPDATE trial_heartbeats SET heartbeat = {old}")
        connection.execute(f"UPDATE trials SET datetime_start = {old} WHERE state = 'RUNNING'")
    return trial


def resumed(model: str, trials: int) -> optuna.Study:
    return latentune.search(model, trials=trials)


@pytest.mark.parametrize("beat", [True, False], ids=["at work", "before its first heartbeat"])
def test_deaths_after_different_epochs_never_fail_a_trial(beat: bool) -> None:
    model = write_spec("mortal", "pass")
    study = resumed(model, 1)
    for epochs in (0, 1, 1, 2, 2):
        interrupted(study, epochs, beat=beat)
        requeue_dead_trials(study)
    study = resumed(model, 2)
    assert trial_states(study) == [TrialState.COMPLETE] * 2
    assert study.trials[1].user_attrs["worker_failures"] == [0, 1, 1, 2, 2]


def test_a_trial_fails_when_its_process_dies_three_times_after_an_epoch(cli: Cli) -> None:
    model = write_spec("deadly", "pass")
    study = resumed(model, 1)
    for death in range(3):
        if death == 2:
            assert "its process died after epoch 1" in cli("status", "mine").out
        interrupted(study, 1)
        requeue_dead_trials(study)
    assert trial_states(study) == [TrialState.COMPLETE, TrialState.FAIL]
    study = resumed(model, 3)
    assert trial_states(study) == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE]
    assert stop_reason(study.trials[1]) == "its process died 3 times after epoch 1"
    assert study.trials[1].constraints == {"failed": 1}
    assert "its process died 3 times after epoch 1" in cli("status", "mine").out


def test_a_worker_that_may_not_declare_dead_requeues_no_trial(tmp_path: Path) -> None:
    model = write_spec("waiting", "pass")
    study = resumed(model, 1)
    interrupted(study, 1)
    plan = plan_search(model, None, trials=2)
    stop = threading.Event()

    def send(kind: str, content: Any) -> None:
        assert (kind, content) == ("waiting", [1])
        stop.set()

    context = replace(local_context(plan, send, tmp_path), may_declare_dead=False)
    TrialLoop(study, plan, stop, context).run()
    assert trial_states(study) == [TrialState.COMPLETE, TrialState.RUNNING]


def test_trials_whose_processes_die_together_do_not_fail() -> None:
    study = resumed(write_spec("shared", "pass"), 1)
    for _ in range(4):  # as often as the machine is lost
        interrupted(study, 1)
        interrupted(study, 1)
        requeue_dead_trials(study)
    study = resumed("shared:SPEC", 3)
    assert TrialState.FAIL not in trial_states(study)
    assert study.trials[1].user_attrs["worker_failures"] == [None] * 4


@pytest.mark.parametrize("seconds", [-1, HEARTBEAT_S], ids=["at an epoch", "at its end"])
def test_a_suspended_search_leaves_its_trial_to_others(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentune.studies.search.trial_lease.HEARTBEAT_S", seconds)
    taken = "if self.number == 1 and not Path('taken').exists(): Path('taken').touch(); "
    taken += "import optuna; from latentune.studies.search import trial_lease; "
    taken += "there = optuna.load_study(study_name='mine', storage='sqlite:///runs/studies.db'); "
    taken += "trial_lease.requeue_dead(there, [1])"
    study = latentune.search(write_spec("slept", taken), trials=3)
    assert all(state in (TrialState.COMPLETE, TrialState.PRUNED) for state in trial_states(study))
    assert study.trials[1].user_attrs["worker_failures"] == [0]


def test_a_trial_that_another_program_ended_is_not_changed() -> None:
    ended = "if self.number == 1: "
    ended += "import optuna; optuna.load_study(study_name='mine', "
    ended += "storage='sqlite:///runs/studies.db').tell(1, state=optuna.trial.TrialState.FAIL)"
    study = latentune.search(write_spec("ended", ended), trials=3)
    assert trial_states(study) == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE]
