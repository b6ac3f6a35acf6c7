"""Limits of what a network costs: points beyond them are rejected without training."""

import json
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

import latentune
from latentune.storage.trial_outcome import finished_trials, is_rejected
from latentune.studies.search import rejections
from latentune.studies.study.study_error import StudyError

from ...conftest import Cli

SPEC = """
from functools import partial
from latentune import Autoencoder, TensorData, Objective, StudySpec

def space(trial, data):
    return Autoencoder(data, 4, "dense", width=trial.suggest_float("width", 0.25, 4, log=True))

digits = partial(TensorData, "digits", batch_size=400)
METRICS = {"val_mse": "minimize", "params": "minimize", "ms": "minimize"}
SPEC = StudySpec("sized", Objective(space, digits, max_epochs=1))
FRONT = StudySpec("front", Objective(space, digits, METRICS, max_epochs=1))
"""
DEFAULT, LEAST = 35_396, 8_900
"""The numbers of weights of the network with the default width, and with the least width."""


@pytest.fixture(autouse=True)
def _sized() -> None:
    Path("sized.py").write_text(SPEC)


def sizes(study: optuna.Study) -> list[int]:
    return [trial.user_attrs["parameters"] for trial in finished_trials(study.trials)]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_trial_exceeds_a_limit_and_those_that_would_do_not_count(
    cli: Cli, workers: int
) -> None:
    words = ("search", "sized:SPEC", "--trials", 4, "--workers", workers)
    answer = cli(*words, "--limit", "params=20k")
    assert answer.code == 0, answer.err
    assert "the defaults are rejected: 35,396 params, limit 20,000\n" in answer.out
    study = latentune.search("sized:SPEC", trials=4, limits={"params": 20_000})
    assert len(sizes(study)) == 4
    assert max(sizes(study)) <= 20_000
    rejected = [trial for trial in study.trials if is_rejected(trial)]
    assert rejected
    assert len(rejected) + 4 == len(study.trials)
    for trial in rejected:
        assert trial.state == TrialState.FAIL
        excess = trial.user_attrs["costs"]["params"] / 20_000 - 1
        assert trial.constraints == {"params": pytest.approx(excess)}
        assert "epochs" not in trial.user_attrs
    share = f"{len(rejected)} of {len(study.trials)} points were rejected untrained"
    assert share in answer.out
    status = cli("status", "sized").out
    assert share in status
    assert "failed" not in status
    assert "failed  running  waiting  rejected" in cli("status").out
    assert f"4 complete, {len(rejected)} rejected" in repr(study)


def test_a_limit_that_all_points_keep_changes_no_value() -> None:
    free = latentune.search("sized:SPEC", trials=2, name="free")
    limits = {"params": "1G", "bytes": "1GB", "macs": 1e12, "ms": 1e6}
    limited = latentune.search("sized:SPEC", trials=2, limits=limits)
    assert [trial.values for trial in free.trials] == [trial.values for trial in limited.trials]
    costs = limited.trials[0].user_attrs["costs"]
    assert costs["params"] == limited.trials[0].user_attrs["parameters"] == DEFAULT
    assert costs["bytes"] == 4 * DEFAULT + 3 * 4  # and three buffers of one number
    biases = 256 + 4 + 256 + 64
    assert costs["macs"] == DEFAULT - biases
    assert 0 < costs["ms"] < 1e6


def test_another_limit_is_another_study_that_can_take_over_what_fits(cli: Cli) -> None:
    study = latentune.search("sized:SPEC", trials=3)
    words = ("search", "sized:SPEC", "--trials", 3, "--limit", "params=20k")
    answer = cli(*words)
    assert answer.code == 2
    assert "limits is absent there, at most 20,000 params here" in answer.err
    assert "--from sized" in answer.err
    fitting = [size for size in sizes(study) if size <= 20_000]
    smaller = latentune.search("sized:SPEC", trials=4, limits={"params": "20k"}, origin="sized")
    assert smaller.study_name == "sized-2"
    assert sizes(smaller)[: len(fitting)] == fitting
    assert max(sizes(smaller)) <= 20_000
    assert len(fitting) < 3


def test_a_search_without_a_point_within_its_limits_ends_with_the_way_out(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejections, "MAX_REJECTED", 5)
    answer = cli("search", "sized:SPEC", "--trials", 2, "--workers", 1, "--limit", "params=1k")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "5 points in a row exceed a limit, and the nearest has" in answer.err
    assert "params, limit 1,000: choose higher --limit or narrower --range" in answer.err


def test_a_limit_of_time_is_measured_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejections, "MAX_REJECTED", 2)
    with pytest.raises(StudyError, match=r"2 points in a row.* ms, limit 1e-06"):
        latentune.search("sized:SPEC", trials=2, limits={"ms": 1e-6})
    study = optuna.load_study(study_name="sized", storage="sqlite:///runs/studies.db")
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 2
    assert all(is_rejected(trial) and not trial.intermediate_values for trial in study.trials)


def test_a_point_that_a_user_gives_is_refused_beyond_a_limit(cli: Cli) -> None:
    latentune.search("sized:SPEC", trials=1)
    words = ("search", "sized:SPEC", "--trials", 2, "--name", "other", "--limit", "params=20k")
    answer = cli(*words, "--enqueue", "runs/sized/best.toml")
    assert answer.code == 2
    assert "best.toml is rejected: 35,396 params, limit 20,000: leave it out of" in answer.err


def test_a_point_that_another_program_enqueues_is_rejected_too() -> None:
    study = latentune.search("sized:SPEC", trials=1, limits={"params": "20k"})
    study.enqueue_trial({"width": 1.0})
    number = len(study.trials) - 1
    study = latentune.search("sized:SPEC", trials=2, limits={"params": "20k"})
    assert is_rejected(study.trials[number])
    assert len(sizes(study)) == 2


def test_ask_gives_a_trial_within_the_limits() -> None:
    latentune.search("sized:SPEC", trials=0, limits={"params": "20k", "ms": 1000})
    trial = latentune.ask("sized")
    assert trial.user_attrs["costs"]["params"] <= 20_000
    latentune.tell("sized", trial, 0.5)


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("param=3", "'param' cannot be limited; did you mean 'params'?"),
        ("params=many", "'many' is not a limit of params such as 100k"),
        ("params=2MB", "'2MB' is not a limit of params such as 100k"),
        ("bytes=-1", "'-1' is not a limit of bytes such as 2MB"),
        ("ms=0", "'0' is not a limit of ms such as 5"),
        ("macs", "'macs' is not of the form NAME=VALUE"),
    ],
)
def test_a_limit_that_cannot_be_read_is_refused(cli: Cli, limit: str, message: str) -> None:
    answer = cli("search", "conv-ae", "digits", "--limit", limit)
    assert answer.code == 2
    assert message in answer.err


def test_costs_are_objectives(cli: Cli) -> None:
    answer = cli("search", "sized:FRONT", "--trials", 3, "--workers", 1)
    assert answer.code == 0, answer.err
    assert "35,396" in answer.out
    study = optuna.load_study(study_name="front", storage="sqlite:///runs/studies.db")
    assert [trial.values[1] for trial in study.trials] == sizes(study)
    assert all(trial.values[2] > 0 for trial in study.trials)
    assert latentune.verify("front:0").reproduced
    best = min(study.trials, key=lambda trial: trial.values[1])
    assert f"trial = {best.number}\n" in cli("best", "front", "--prefer", "params").out
    metrics = latentune.train("front:0", epochs=1, pictures="none").metrics
    assert metrics["params"] == metrics["parameters"] == DEFAULT
    assert metrics["ms"] > 0


def test_a_model_of_the_catalog_has_costs_as_objectives(cli: Cli) -> None:
    words = ("search", "conv-ae", "digits", "--trials", 1, "--epochs", 1, "--batch-size", 400)
    assert cli(*words, "--objectives", "mse,macs", "--name", "front").code == 0
    assert "val_mse, macs" in cli("status", "front").out
    answer = cli(*words, "--objectives", "params")
    assert answer.code == 2
    assert "params alone says nothing of quality: add a metric, as in --objectives" in answer.err


def test_the_encoder_of_a_head_counts_too(trained: Path) -> None:
    limits = {"bytes": "1GB", "params": "1k"}
    study = latentune.search("head", "digits", encoder="conv-ae-digits", limits=limits, trials=1)
    costs = finished_trials(study.trials)[0].user_attrs["costs"]
    assert costs["params"] < 1000
    assert costs["bytes"] > 4 * 50_000


def test_list_says_what_a_limit_leaves(cli: Cli) -> None:
    out = cli("list", "logistic-regression", "--limit", "params=1M").out
    assert "100 % of 200 random points are within the limits; they have 1,570 to 1,570" in out
    assert "--limit is of one model" in cli("list", "--limit", "params=1M").err
    assert "depend on its encoder" in cli("list", "head", "--limit", "params=1M").err


def test_the_report_does_not_call_rejected_points_failures() -> None:
    latentune.search("sized:SPEC", trials=2, limits={"params": "20k"})
    latentune.report("sized")
    page = Path("runs/sized/report.html").read_text()
    assert "rejected" in page
    assert "at most 20,000 params" in page
    assert json.dumps("failed") not in page
