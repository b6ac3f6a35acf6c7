"""A study as JSON: every entry is checked, and any study comes back as it was."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

import latentune
from latentune.storage.database import open_database
from latentune.storage.storage_error import StorageError
from latentune.studies.study.study_error import StudyError
from latentune.studies.transfer.study_dump import StudyDump, read_dump

from .archives import FACTS, plain, study_with

Cli = Callable[..., Any]
Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"directions": ["MINIMIZE"] * 2}, "has 1 metrics and 2 directions"),
        ({"user_attrs": {**FACTS, "recipe": {"model": 3}}}, "recipe: model: input should be"),
        ({"user_attrs": {**FACTS, "origin": {}}}, "origin: study is missing"),
        (
            {"user_attrs": {**FACTS, "encoder_source": 5}},
            "encoder_source: input should be a valid dictionary",
        ),
        ({"user_attrs": {**FACTS, "imported": {"at": "x"}}}, "imported: study is missing"),
        ({"user_attrs": {**FACTS, "confirmed": {"trial": "x"}}}, "confirmed: trial: "),
        ({"user_attrs": {**FACTS, "confirm:0:1": "x"}}, "confirm:0:1: input should be"),
        ({"user_attrs": {**FACTS, "artifacts": 5}}, "artifacts: input should be a valid string"),
        ({"user_attrs": {**FACTS, "definition": {"a": 5}}}, "definition: a: "),
        ({"user_attrs": {**FACTS, "a\x1b": 5}}, "control character"),
        ({"user_attrs": {**FACTS, "a": 10**400}}, "more than 1024 bits"),
        ({"system_attrs": {"dashboard:1:note_str:0": 5}}, "dashboard:1:note_str:0: "),
        ({"system_attrs": {"dashboard:plot_data:a:0": []}}, "dashboard:plot_data:a:0: "),
        ({"system_attrs": {"study:metric_names": "x"}}, "study:metric_names: "),
        ({"system_attrs": {"artifacts:1": "{"}}, "artifacts:1: invalid JSON"),
        ({"directions": ["MAXIMIZE"]}, "val_mse is to minimize, but its direction is MAXIMIZE"),
        ({"trial_state": "DONE"}, "state: input should be"),
        ({"trial_state": "WAITING"}, "has values although it is WAITING"),
        ({"trial_values": [1.0, 2.0]}, "2 values"),
        ({"trial_intermediate_values": {"99999999999": 1.0}}, "should be less than 2147483648"),
        ({"trial_ended": "9999-12-31T23:59:59"}, "its year is not from 1970"),
        ({"trial_ended": 5}, "it is not a date"),
        ({"trial_intermediate_values": {"-1": 1.0}}, "should be greater than or equal to 0"),
        ({"trial_user_attrs": {"best_epoch": "one"}}, "best_epoch: input should be a valid int"),
        ({"trial_user_attrs": {"epochs": -1}}, "epochs: input should be greater"),
        ({"trial_user_attrs": {"provenance": 5}}, "provenance: "),
        ({"trial_user_attrs": {"provenance": {"seed": 2**32}}}, "provenance: seed: "),
        ({"trial_user_attrs": {"origin": "x"}}, "origin: "),
        ({"trial_user_attrs": {"stopped": 5}}, "stopped: "),
        ({"trial_user_attrs": {"worker_failures": 5}}, "worker_failures: "),
        ({"trial_user_attrs": {"a": [[0] * 10] * 100_000}}, "holds too much"),
        ({"trial_system_attrs": {"constraints": ["x"]}}, "constraints: "),
        ({"trial_system_attrs": {"constraints:a": None}}, "constraints:a: "),
        ({"trial_system_attrs": {"fixed_params": []}}, "fixed_params: "),
        ({"trial_system_attrs": {"artifacts:1": {}}}, "artifacts:1: "),
        ({"trial_system_attrs": {"x" * 600: 1}}, "1 to 512 letters"),
    ],
)
def test_an_entry_of_another_type_or_range_is_refused(
    table: Any, changes: dict[str, Any], message: str
) -> None:
    files = {"study.json": json.dumps(table).encode()}
    study_with(**changes)(files)
    with pytest.raises((StorageError, StudyError), match=message):
        read_dump(json.loads(files["study.json"]), "evil.zip")


words = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.floats(allow_nan=False)
plains = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), numbers, words)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=8)
attrs = st.dictionaries(names, st.recursive(plains, lambda of: st.lists(of, max_size=2)))
ranges: dict[str, BaseDistribution] = {
    "a": FloatDistribution(1e-9, 1.0, log=True),
    "ü": IntDistribution(1, 9, step=2),
    "c": CategoricalDistribution((None, "x", 2, 0.5, False)),
}
points = st.fixed_dictionaries(
    {},
    optional={
        "a": st.floats(1e-9, 1.0),
        "ü": st.sampled_from([1, 3, 9]),
        "c": st.sampled_from([None, "x", 2, 0.5, False]),
    },
)


@st.composite
def trials(draw: Any) -> FrozenTrial:
    state = draw(st.sampled_from(TrialState))
    values = [draw(numbers)] if state == TrialState.COMPLETE else None
    params = draw(points)
    recorded = {"best_epoch": 1, "hparams": {}, "provenance": {"seed": draw(st.integers(0, 9))}}
    trial = create_trial(
        state=TrialState.WAITING if state == TrialState.RUNNING else state,
        values=values,
        params=params,
        distributions={name: ranges[name] for name in params},
        intermediate_values=draw(st.dictionaries(st.integers(0, 99), numbers, max_size=3)),
        user_attrs=draw(attrs) | recorded,
        system_attrs={f"x{name}": value for name, value in draw(attrs).items()},
    )
    if trial.state.is_finished():
        trial.datetime_start = trial.datetime_complete = draw(
            st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))
        )
    return trial


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder for many studies."""
    runs = tmp_path_factory.mktemp("shelf")
    open_database(f"sqlite:///{runs}/studies.db", create=True)
    return runs


@settings(max_examples=25, deadline=None)
@given(st.lists(trials(), max_size=4), attrs)
def test_any_study_survives_json(given: list[FrozenTrial], others: dict[str, Any]) -> None:
    for number, trial in enumerate(given):
        trial.number = number
    dump = StudyDump("s", [StudyDirection.MINIMIZE], others | FACTS, others, given)
    again = read_dump(json.loads(json.dumps(dump.to_json())), "its own text")
    assert again.to_json() == dump.to_json()


@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(trials(), max_size=4), attrs)
def test_any_study_comes_back_as_it_was(
    shelf: Path, given: list[FrozenTrial], others: dict[str, Any]
) -> None:
    storage = open_database(f"sqlite:///{shelf}/studies.db")
    name = f"ünï{len(optuna.get_all_study_names(storage))}"
    study = optuna.create_study(study_name=name, storage=storage)
    for attr, value in {**others, **FACTS}.items():
        study.set_user_attr(attr, value)
    study.add_trials(given)
    path = latentune.export(name, shelf / f"{name}.zip", runs=shelf).path
    moved = latentune.import_(path, name=f"{name}-moved", runs=shelf).study
    assert plain(moved) == plain(study)
    assert [t.system_attrs for t in moved.trials] == [t.system_attrs for t in study.trials]
    found = {n: v for n, v in moved.user_attrs.items() if n != "imported"}
    assert found == study.user_attrs
