"""Studies of several objectives."""

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from PIL import Image

import latentune

Cli = Callable[..., Any]
SEARCH = ("search", "conv-vae", "digits", "--epochs", 1, "--batch-size", 200)


@pytest.fixture(scope="module")
def _searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("front") / "runs"
    options = {"objectives": ("reconstruction", "kl"), "epochs": 1, "batch_size": 200}
    latentune.search("conv-vae", "digits", trials=8, runs=runs, **options)
    return runs


@pytest.fixture
def study(_searched: Path) -> optuna.Study:
    """A study of two objectives, in the working folder."""
    shutil.copytree(_searched, "runs")
    return optuna.load_study(study_name="conv-vae-digits", storage="sqlite:///runs/studies.db")


def test_no_trial_dominates_one_of_the_front(study: optuna.Study) -> None:
    assert [way.name for way in study.directions] == ["MINIMIZE", "MINIMIZE"]
    values = [trial.values for trial in study.trials]
    assert len(values) == 8

    def dominates(a: list[float], b: list[float]) -> bool:
        return a != b and all(x <= y for x, y in zip(a, b, strict=True))

    front = [v for v in values if not any(dominates(other, v) for other in values)]
    assert sorted(trial.values for trial in study.best_trials) == sorted(front)
    with Image.open("runs/conv-vae-digits/front.png") as picture:
        picture.verify()


@pytest.mark.parametrize(("wish", "column"), [("reconstruction", 0), ("kl", 1)])
def test_the_ends_of_the_front(cli: Cli, study: optuna.Study, wish: str, column: int) -> None:
    assert cli("best", "conv-vae-digits", "--prefer", wish).code == 0
    best = tomllib.loads(Path("runs/conv-vae-digits/best.toml").read_text())
    lowest = min(study.trials, key=lambda trial: trial.values[column])
    assert best["trial"] == lowest.number
    assert list(best["provenance"]["values"].values()) == lowest.values


def test_the_knee_is_trained_to_the_last_epoch(cli: Cli, study: optuna.Study) -> None:
    assert cli("best", "conv-vae-digits", "--prefer", "knee").code == 0
    path = "runs/conv-vae-digits/best.toml"
    assert tomllib.loads(Path(path).read_text())["trial"] in {t.number for t in study.best_trials}
    answer = cli("train", path, "--epochs", 2)
    assert answer.code == 0, answer.err
    assert any(line.split() == ["best_epoch", "2"] for line in answer.out.splitlines())


def test_the_knee_bends_most() -> None:
    study = optuna.create_study(directions=["minimize", "maximize"])
    study.set_user_attr("metrics", {"val_reconstruction": "minimize", "val_elbo": "maximize"})
    for values in [(0, -10), (1, -2), (10, 0), (5, -5)]:
        study.add_trial(optuna.trial.create_trial(values=values))
    from latentune.studies.study.pareto_choice import choose_preferred

    assert choose_preferred(study, "knee").values == [1, -2]


MISTAKES = [
    (("best", "conv-vae-digits"), "has no single best, but compromises"),
    (("best", "conv-vae-digits", "--prefer", "kll"), "did you mean 'kl'?"),
    (
        ("train", "conv-vae-digits"),
        "choose by: latentune best conv-vae-digits --prefer reconstruction|kl|knee",
    ),
    ((*SEARCH, "--objectives", "kl,reconstruction"), "metric is"),
]


def test_mistakes(cli: Cli, study: optuna.Study) -> None:
    for words, message in MISTAKES:
        answer = cli(*words)
        assert answer.code == 2
        assert message in answer.err
        assert answer.err.count("\n") == 1


def test_one_objective_of_several(cli: Cli) -> None:
    study = latentune.search(
        "conv-vae", "digits", objectives=("kl",), trials=1, epochs=1, batch_size=200
    )
    assert study.direction.name == "MINIMIZE"
    assert cli("best", "conv-vae-digits", "--prefer", "kl").code == 2
