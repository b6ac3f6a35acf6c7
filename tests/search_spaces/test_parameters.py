"""Parameters of any name and any choice: they keep their column, their type and their value."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

import latentune
from latentune.models.data_spec import DataSpec
from latentune.search_spaces.distributions import choice_labels, find_choice
from latentune.search_spaces.ranges import parse_range
from latentune.search_spaces.space_errors import SpaceError
from latentune.search_spaces.suggestions import replay
from latentune.storage.best_toml import Best, read_best_toml, write_best_toml
from latentune.storage.storage_error import StorageError
from latentune.storage.study_export import params_key, to_csv

from ..conftest import Cli

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.sampled_from(["", "1", "1.0", "None", "true", "nan", "é", "a,b", "'", "\n"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
CHOICES = (
    None,
    "None",
    True,
    "True",
    2,
    "2",
    0.5,
    math.nan,
    "nan",
    "",
    "é",
    "a,b",
    "[x]",
    math.inf,
)


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and (a == b or (a != a and b != b))


@given(params=st.dictionaries(names, values, max_size=6))
def test_a_configuration_comes_back_with_every_value_and_type(params: dict[str, Any]) -> None:
    path = Path("best.toml")
    nested = {"list": [None, 1, {"x": None}], "table": {"x": None, "y": 1}}
    write_best_toml(Best("s", 0, "val_mse", 1.0, 1, {"model": "x"}, params, nested, {}), path)
    found = dict(read_best_toml(path).params)
    assert found.keys() == params.keys()
    assert all(same(found[name], value) for name, value in params.items())
    assert params_key(found) == params_key(params)


@pytest.mark.parametrize("text", ["none = 1", '[none]\nparams = "x"', '[none]\nparams = ["lr"]'])
def test_a_table_of_none_that_cannot_be_is_refused(text: str) -> None:
    path = Path("best.toml")
    write_best_toml(Best("s", 0, "val_mse", 1.0, 1, {}, {"lr": 1.0}, {}, {}), path)
    path.write_text(path.read_text().replace("[hparams]", f"{text}\n[hparams]", 1))
    if text == "none = 1":
        path.write_text(f"{text}\n" + path.read_text().replace(text, ""))
    with pytest.raises(StorageError, match="none"):
        read_best_toml(path)


@given(st.lists(values, min_size=1, max_size=6))
def test_each_choice_is_found_by_its_value_and_by_its_words(choices: list[Any]) -> None:
    distinct = [c for i, c in enumerate(choices) if not any(same(c, d) for d in choices[:i])]
    for choice in distinct:
        assert same(find_choice(distinct, choice), choice)
    words = choice_labels(distinct)
    assert [id(choice) for choice in words.values()] == [id(choice) for choice in distinct]


def test_choices_that_look_alike_are_named_apart_by_a_range() -> None:
    own = optuna.distributions.CategoricalDistribution([None, "None", 1, "1", "a,b", "c"])
    assert parse_range("x", own, "None").choices == (None,)
    assert parse_range("x", own, "'None',1").choices == ("None", 1)
    assert parse_range("x", own, "'a,b'").choices == ("a,b",)


def _space(trial: optuna.trial.BaseTrial, data: DataSpec) -> latentune.Autoencoder:
    choice = trial.suggest_categorical("dim", CHOICES)
    model = latentune.Autoencoder(data, latent_dim=2)
    model.choice = choice  # type: ignore[assignment]
    return model


def test_what_a_trial_has_chosen_is_replayed_from_its_file() -> None:
    for choice in CHOICES:
        study = optuna.create_study()
        study.enqueue_trial({"dim": choice})
        trial = study.ask()
        assert same(trial.suggest_categorical("dim", CHOICES), choice)
        study.tell(trial, 1.0)
        params = study.best_trial.params
        write_best_toml(Best("s", 0, "val_mse", 1.0, 1, {}, params, {}, {}), Path("best.toml"))
        model = replay(_space, read_best_toml(Path("best.toml")).params, DataSpec((1, 8, 8)))
        assert same(model.choice, choice)
    with pytest.raises(SpaceError, match="dim = 'x' is outside its range"):
        replay(_space, {"dim": "x"}, DataSpec((1, 8, 8)))


MINE = """
from functools import partial
import math
from latentune import Objective, StudySpec, TensorData, Autoencoder
def space(trial, data):
    trial.suggest_categorical("epochs", CHOICES)
    trial.suggest_categorical("data", [math.nan])
    trial.suggest_float("workers", 0, 1)
    return Autoencoder(data, latent_dim=2)
data = partial(TensorData, "digits", batch_size=500)
SPEC = StudySpec("odd", Objective(space, data, {"val_mse": "minimize"}, max_epochs=1))
"""


def test_none_and_nan_go_through_search_train_zip_and_another_search(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.py").write_text(MINE.replace("CHOICES", "[None]"))
    monkeypatch.syspath_prepend(".")
    study = latentune.search("mine:SPEC", trials=1)
    definition = study.user_attrs["definition"]
    assert (definition["epochs"], definition["params_epochs"]) == ("1", "one of None")
    assert (definition["data"][:6], definition["params_data"]) == ("digits", "one of nan")
    assert latentune.train("odd", epochs=1, pictures="none").folder == Path("runs/odd/final")
    params = latentune.load_best("odd").params
    assert params["epochs"] is None
    assert math.isnan(params["data"])
    # It is the trial's, because its values are those of the trial.
    assert latentune.train("runs/odd/best.toml", epochs=1, pictures="none").folder == Path(
        "runs/odd/final"
    )
    again = ("search", "mine:SPEC", "--name", "again", "--enqueue", "runs/odd/best.toml")
    plan = cli(*again, "--trials", 1, "--dry-run").out
    assert plan.count("workers") == 2
    latentune.export("odd", "odd.zip")
    latentune.import_("odd.zip", runs="elsewhere")
    there = optuna.load_study(study_name="odd", storage="sqlite:///elsewhere/studies.db")
    assert params_key(there.trials[0].params) == params_key(study.trials[0].params)
    head = cli("status", "odd").out.split("\n")[0].split()
    assert {"epochs", "params_epochs"} <= set(head)


def test_choices_that_optuna_takes_for_one_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mine.py").write_text(MINE.replace("CHOICES", "[1, True]"))
    monkeypatch.syspath_prepend(".")
    with pytest.raises(SpaceError, match="choices 1 and True of epochs are equal"):
        latentune.search("mine:SPEC", trials=1)
    assert not Path("runs/studies.db").exists()


def test_exported_columns_have_names_of_their_own() -> None:
    metrics = ["state", "params_state", "values_x", "val_mse"]
    study = optuna.create_study(directions=["minimize"] * 4)
    study.set_user_attr("metrics", dict.fromkeys(metrics, "minimize"))

    def objective(trial: optuna.Trial) -> tuple[float, ...]:
        trial.set_user_attr("epochs", 3)
        for name in ("epochs", "state", "number", "params_state", "val_mse"):
            trial.suggest_int(name, 7, 9)
        trial.suggest_categorical("none", [None])
        return 1.0, 2.0, 3.0, 4.0

    study.optimize(objective, n_trials=1)
    head, row = csv.reader(io.StringIO(to_csv(study)))
    assert len(set(head)) == len(head)
    cells = dict(zip(head, row, strict=True))
    frame = study.trials_dataframe()
    for name in study.trials[0].params:
        assert cells[f"params_{name}"] == str(frame[f"params_{name}"][0])
    named = ("values_state", "params_state", "values_values_x", "val_mse")
    assert [cells[name] for name in named] == ["1.0", cells["params_state"], "3.0", "4.0"]
    assert (cells["epochs"], cells["state"], cells["number"]) == ("3", "complete", "0")
