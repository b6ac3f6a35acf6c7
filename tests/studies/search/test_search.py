"""Searching: totals, resuming, refusing, and surviving what kills a process."""

import json
import os
import signal
import sqlite3
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

import latentune
from latentune.search_spaces.space_errors import SpaceError
from latentune.search_spaces.strategies import PRUNERS, SAMPLERS
from latentune.storage import database
from latentune.storage.runs_folder import Runs
from latentune.storage.trial_outcome import finished_trials
from latentune.studies.search.new_trial import new_trial
from latentune.studies.study.recipe import Recipe
from latentune.studies.study.study_error import StudyError

from ...conftest import Cli
from ...forked import Fork, command, fork

SMALL = {"epochs": 1, "batch_size": 200, "seed": 5}


def search(trials: int, **options: object) -> optuna.Study:
    return latentune.search("conv-ae", "digits", trials=trials, **{**SMALL, **options})


def test_the_total_counts_all_searches_and_no_point_repeats() -> None:
    assert len(search(2).trials) == 2
    study = search(5)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 5
    assert len({trial.params["lr"] for trial in study.trials}) == 5
    assert len(search(3).trials) == 5
    assert Path("runs/conv-ae-digits/best.toml").exists()


def test_the_same_seed_gives_the_same_study() -> None:
    first, second = search(3, name="a"), search(3, name="b")
    assert [t.params for t in first.trials] == [t.params for t in second.trials]
    assert [t.value for t in first.trials] == [t.value for t in second.trials]


def test_the_first_trial_has_the_models_defaults_by_default() -> None:
    defaults = {"latent_dim": 8, "lr": 1e-3, "l1": 1e-6, "l2": 1e-6}
    assert search(1, space="published").trials[0].params == defaults
    assert search(1, space="published", name="b", default_first=False).trials[0].params != defaults


@pytest.mark.parametrize("pruner", ["halving", "median", "hyperband"])
def test_a_trial_with_given_values_is_never_pruned(pruner: str) -> None:
    study = search(8, epochs=4, pruner=pruner, ranges={"lr": "1e-3:1e-2"})
    study.enqueue_trial({"lr": 1e-3, "l1": 1e-4})  # as bad as can be
    study = search(10, epochs=4, pruner=pruner, ranges={"lr": "1e-3:1e-2"})
    assert [study.trials[n].state for n in (0, 8)] == [TrialState.COMPLETE] * 2


def test_the_first_trial_of_a_study_is_complete_however_it_is_chosen() -> None:
    study = search(2, epochs=3, default_first=False)
    assert study.trials[0].state == TrialState.COMPLETE


def test_each_trial_shows_its_picture() -> None:
    study = search(1)
    (artifact,) = optuna.artifacts.get_all_artifact_meta(study.trials[0], storage=study._storage)
    assert artifact.filename == "reconstructions.png"
    picture = Path("runs/artifacts") / artifact.artifact_id
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        ({"space": "published"}, "space is default there, published here"),
        ({"ranges": {"latent_dim": "2:4"}}, "latent_dim is int 2:8:log there, int 2:4:log here"),
        ({"epochs": 2}, "epochs is 1 there, 2 here"),
        ({"seed": 6}, "split is"),
        ({"batch_size": 100}, "batch size is 200 there, 100 here"),
    ],
    ids=str,
)
def test_a_changed_study_is_refused_before_training(
    options: dict[str, object], difference: str
) -> None:
    study = search(1)
    with pytest.raises(StudyError, match=f"{difference}.*`name=`"):
        search(2, **options)
    assert len(study.trials) == 1


@pytest.mark.parametrize(("model", "size"), [("logistic-regression", "8"), ("dense-ae", "2")])
def test_a_predictor_of_a_table_has_at_least_eight_rows_in_a_batch(model: str, size: str) -> None:
    study = latentune.search(model, "wine", trials=1, epochs=1)
    assert study.user_attrs["definition"]["batch size"] == size


def test_a_study_keeps_the_batch_size_that_it_began_with(cli: Cli) -> None:
    def wine(trials: int, **options: object) -> optuna.Study:
        return latentune.search("mlp", "wine", trials=trials, epochs=1, name="mlp-wine", **options)

    study = wine(1, batch_size=2)
    recipe = study.user_attrs["recipe"]
    assert recipe.pop("batch_size") == 2
    study.set_user_attr("recipe", recipe)  # as of a version with another rule
    assert len(wine(2).trials) == 2
    assert latentune.verify("mlp-wine:1").reproduced
    assert latentune.load_best("mlp-wine").recipe["batch_size"] == 2
    latentune.train("mlp-wine", epochs=1)
    assert latentune.load_best("runs/mlp-wine/final/best.toml").recipe["batch_size"] == 2
    assert "recipe" not in cli("status", "mlp-wine").out
    with pytest.raises(StudyError, match="batch size is 2 there, 3 here"):
        wine(3, batch_size=3)


def test_changed_data_or_metric_or_direction_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = """
from dataclasses import replace
from functools import partial
from latentune import TensorData, Objective, StudySpec
from latentune.search_spaces.autoencoder_spaces import conv_ae
ONE = StudySpec("s", Objective(conv_ae, partial(TensorData, "digits"), max_epochs=1))
METRIC = replace(ONE, objective=replace(ONE.objective, metrics={"train_mse": "minimize"}))
DIRECTION = replace(ONE, objective=replace(ONE.objective, metrics={"val_mse": "maximize"}))
DATA = replace(ONE, objective=replace(ONE.objective, data=partial(TensorData, "digits", seed=9)))
"""
    (tmp_path / "several.py").write_text(mine)
    latentune.search("several:ONE", trials=1)
    for changed, difference in [
        ("METRIC", "metric is minimize val_mse there, minimize train_mse here"),
        ("DIRECTION", "metric is minimize val_mse there, maximize val_mse here"),
        ("DATA", "split is"),
    ]:
        with pytest.raises(StudyError, match=difference):
            latentune.search(f"several:{changed}", trials=2)


def test_a_study_of_plain_optuna_is_left_alone() -> None:
    search(1)
    optuna.create_study(study_name="plain", storage="sqlite:///runs/studies.db")
    with pytest.raises(StudyError, match="not made by latentune"):
        search(1, name="plain")


@pytest.mark.parametrize("last", ["recipe", "metrics", "definition"])
def test_an_incomplete_study_is_completed(last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write = optuna.Study.set_user_attr

    def die(study: optuna.Study, key: str, value: object) -> None:
        if key == last:
            raise KeyboardInterrupt
        write(study, key, value)

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "set_user_attr", die)
        with pytest.raises(KeyboardInterrupt):
            search(1)
    (trial,) = search(1).trials
    assert "fixed_params" in trial.system_attrs  # the defaults, once


def test_a_best_trial_of_another_program_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    study = search(1)
    first = study.trials[0]
    study.add_trial(
        optuna.trial.create_trial(
            params=first.params, distributions=first.distributions, value=first.value / 2
        )
    )
    assert len(search(3).trials) == 3
    assert "trial 1 was not run by latentune" in caplog.text


def test_another_database_can_be_named(tmp_path: Path) -> None:
    study = search(1, storage=f"sqlite:///{tmp_path / 'elsewhere.db'}")
    assert len(study.trials) == 1
    assert not Path("runs/studies.db").exists()


@pytest.mark.parametrize("pruner", sorted(PRUNERS.keys() - {"wilcoxon"}))
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_pruner_and_sampler_works(pruner: str, sampler: str) -> None:
    study = search(6, pruner=pruner, sampler=sampler, epochs=2, batch_size=1300)
    assert len(finished_trials(study.trials)) == 6


def test_a_failed_suggestion_keeps_the_earlier_values() -> None:
    study = optuna.create_study()

    def choose(trial: optuna.Trial) -> dict[str, int]:
        trial.suggest_float("lr", 0, 1)
        raise ValueError

    trials = [new_trial(study, study.trials, choose) for _ in range(2)]
    assert [trial.number for trial in trials] == [0, 1]
    assert [list(trial.params) for trial in study.trials] == [["lr"]] * 2
    assert {trial.state for trial in study.trials} == {TrialState.RUNNING}


def test_ranges_and_pins_reach_the_trials() -> None:
    study = search(3, ranges={"latent_dim": "3:4", "lr": "0.005"})
    assert {trial.params["latent_dim"] for trial in study.trials} <= {3, 4}
    assert {trial.params["lr"] for trial in study.trials} == {0.005}
    assert latentune.load_best("conv-ae-digits").hparams["lr"] == 0.005


def test_an_unknown_range_is_rejected_before_anything_is_written() -> None:
    with pytest.raises(SpaceError, match="did you mean 'latent_dim'"):
        search(1, ranges={"latent_dims": "2:3"})
    assert not Path("runs").exists()


def test_a_recipe_survives_its_table() -> None:
    recipe = Recipe("conv-ae", "digits", ranges={"lr": "1e-3"}, epochs=3, seed=4)
    assert Recipe.from_table(json.loads(json.dumps(recipe.to_table(Runs()))), Runs()) == recipe
    with pytest.raises(StudyError, match="did you mean 'space'"):
        Recipe.from_table({"model": "conv-ae", "spice": "published"}, Runs())


def start(*options: str) -> Fork:
    """Starts a long search in a process of its own and waits until it has finished a trial."""
    words = ["search", "conv-ae", "digits", "--epochs", "15", "--batch-size", "100"]
    search = fork(command, *words, "--pruner", "none", "--seed", "5", "--workers", "1", *options)
    for line in search.out:
        if line.lstrip().startswith("0 "):
            return search
    raise AssertionError(search.end())


def states() -> list[str]:
    with sqlite3.connect("runs/studies.db") as connection:
        rows = connection.execute("SELECT state FROM trials ORDER BY number").fetchall()
    connection.close()
    return [state for (state,) in rows]


def wait_until_trial_1_trains() -> None:
    """Blocks until the second trial has reported an epoch."""
    query = "SELECT count(*) FROM trial_intermediate_values v JOIN trials USING (trial_id)"
    for _ in range(600):
        with sqlite3.connect("runs/studies.db") as connection:
            ((reported,),) = connection.execute(f"{query} WHERE number = 1").fetchall()
        connection.close()
        if reported:
            return
        time.sleep(0.05)
    raise AssertionError("the second trial never began")


def test_a_killed_search_resumes(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = start("--trials", "4")
    wait_until_trial_1_trains()
    begun.process.kill()
    begun.end()
    assert states()[:2] == ["COMPLETE", "RUNNING"]
    before = optuna.load_study(study_name="conv-ae-digits", storage="sqlite:///runs/studies.db")
    kept, killed = before.trials[0], before.trials[1]

    monkeypatch.setattr(database, "GRACE_S", 1)  # users wait for half a minute
    monkeypatch.setattr(database, "HEARTBEAT_S", 1)
    study = search(4, epochs=15, batch_size=100, pruner="none")

    assert study.trials[0] == kept
    assert study.trials[1].params == killed.params
    assert study.trials[1].intermediate_values.items() >= killed.intermediate_values.items()
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 4
    assert len({trial.params["lr"] for trial in study.trials}) == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_stopped_search_leaves_nothing_running(number: signal.Signals) -> None:
    begun = start("--trials", "3")
    wait_until_trial_1_trains()
    assert begun.process.pid is not None
    os.kill(begun.process.pid, number)
    code, out, err = begun.end()
    assert code == 130
    assert "Traceback" not in err
    assert "next: latentune search conv-ae digits --epochs 15" in out + err
    assert states() == ["COMPLETE", "WAITING"]
