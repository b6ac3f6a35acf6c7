"""The storage for commands that only read gives the answers of Optuna's own storage."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from latentune.storage.database import open_database, open_for_reading
from latentune.storage.read_only_storage import trial_attributes

DISTRIBUTIONS: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-5, 1e-1, log=True),
    "width": IntDistribution(8, 64, step=8),
    "activation": CategoricalDistribution(["relu", None, 1, True]),
}
NUMBERS = st.floats(allow_nan=False)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["epochs", "origin", "größe"]),
    st.none() | st.integers(0, 9) | NUMBERS | st.text(max_size=5) | st.lists(st.booleans()),
)


@st.composite
def trials(draw: st.DrawFn, objectives: int) -> FrozenTrial:
    """Draws a trial with any number of parameters, values and reports."""
    state = draw(st.sampled_from(TrialState))
    names = draw(st.sets(st.sampled_from(sorted(DISTRIBUTIONS))))
    chosen = {
        "lr": st.floats(1e-5, 1e-1),
        "width": st.integers(1, 8).map(lambda steps: 8 * steps),
        "activation": st.sampled_from(["relu", None, 1, True]),
    }
    values = None
    if state == TrialState.COMPLETE:
        values = [draw(NUMBERS) for _ in range(objectives)]
    return create_trial(
        state=state,
        values=values,
        params={name: draw(chosen[name]) for name in names},
        distributions={name: DISTRIBUTIONS[name] for name in names},
        user_attrs=draw(ATTRIBUTES),
        system_attrs=draw(ATTRIBUTES),
        intermediate_values=draw(st.dictionaries(st.integers(0, 20), st.floats())),
    )


def best_number(study: optuna.Study) -> int | str:
    """Returns the number of the best trial, or the kind of error if there is none."""
    try:
        return study.best_trial.number
    except (RuntimeError, ValueError) as error:
        return type(error).__name__


def answers(storage: BaseStorage, name: str) -> list[Any]:
    """Returns all that commands ask of a study."""
    study = optuna.Study(study_name=name, storage=storage)
    number = storage.get_study_id_from_name(name)
    return [
        optuna.get_all_study_names(storage),
        storage.get_study_name_from_id(number),
        *(study.directions, study.user_attrs, study.metric_names, best_number(study)),
        [storage.get_n_trials(number, state) for state in (None, *TrialState)],
        [trial.number for trial in study.best_trials],
        trial_attributes(study, "epochs"),
        study.get_trials(states=[TrialState.WAITING]),
        study.get_trials(),
    ]


def assert_same(one: Any, other: Any) -> None:
    """Asserts that answers are equal. NaN equals NaN; attributes may have any order."""
    if isinstance(one, FrozenTrial):
        one, other = vars(one), vars(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), [other[key] for key in one]
    if isinstance(one, Sequence) and not isinstance(one, str):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_same(*pair)
    elif isinstance(one, float) and math.isnan(one):
        assert math.isnan(other)
    else:
        assert (type(one), one) == (type(other), other)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_it_answers_as_the_storage_of_optuna(tmp_path: Path, data: st.DataObject) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    storage = open_database(url, create=True)
    name = f"größer {len(storage.get_all_studies())}"
    ways = data.draw(st.lists(st.sampled_from(["minimize", "maximize"]), min_size=1, max_size=3))
    study = optuna.create_study(storage=storage, study_name=name, directions=ways)
    for key, value in data.draw(ATTRIBUTES).items():
        study.set_user_attr(key, value)
    study.add_trials(data.draw(st.lists(trials(len(ways)), max_size=5)))
    assert_same(answers(open_for_reading(url), name), answers(storage, name))


def test_a_trial_is_found_by_its_number_and_nothing_is_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    study = optuna.create_study(storage=open_database(url, create=True), study_name="ours")
    study.add_trial(create_trial(value=1.0))
    storage = open_for_reading(url)
    number = storage.get_study_id_from_name("ours")
    trial = storage.get_trial(storage.get_trial_id_from_study_id_trial_number(number, 0))
    assert trial == study.trials[0]
    with pytest.raises(KeyError):
        storage.get_trial_id_from_study_id_trial_number(number, 1)
    with pytest.raises(KeyError):
        optuna.Study(study_name="theirs", storage=storage)
    with pytest.raises(NotImplementedError):
        storage.set_study_user_attr(number, "epochs", 3)


def test_what_a_table_does_not_show_is_left_out(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    study = optuna.create_study(storage=open_database(url, create=True), study_name="ours")
    attributes = {"epochs": 2, "hparams": {"width": 3}}
    reports = {0: 2.0, 1: 1.0}
    study.add_trial(create_trial(value=1.0, intermediate_values=reports, user_attrs=attributes))
    light = optuna.Study(study_name="ours", storage=open_for_reading(url, attributes=["epochs"]))
    assert light.trials[0].intermediate_values == {}
    assert light.trials[0].user_attrs == {"epochs": 2}
    assert light.best_trial == study.best_trial
