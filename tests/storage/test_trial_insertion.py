"""Trials that are added at once are those that Optuna would have added one by one."""

from pathlib import Path

import optuna
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.trial import FrozenTrial

from latentune.storage.database import open_database
from latentune.storage.optuna_internals import trial_id
from latentune.storage.trial_insertion import add_trials

from .test_read_only_storage import assert_same, trials


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(added=st.lists(trials(2), max_size=5))
def test_it_adds_what_optuna_adds(tmp_path: Path, added: list[FrozenTrial]) -> None:
    storage = open_database(f"sqlite:///{tmp_path}/studies.db", create=True)
    ours, optunas = (
        optuna.create_study(storage=storage, directions=["minimize", "maximize"]) for _ in range(2)
    )
    ids = add_trials(ours, added)
    optunas.add_trials(added)
    assert ids == [trial_id(trial) for trial in ours.trials]
    for trial, other in zip(ours.trials, optunas.trials, strict=True):
        other._trial_id = trial_id(trial)
        assert_same(trial, other)
