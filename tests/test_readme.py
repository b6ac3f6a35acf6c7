"""The README: its example of a study of your own works as it is printed."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna

import latentune
from latentune.studies.cli.app import app

README = (Path(__file__).parents[1] / "README.md").read_text()
MINE = re.search(r"```python\n# mine\.py\n(.*?)```", README, re.DOTALL)


def test_a_study_of_your_own(tmp_path: Path, cli: Callable[..., Any]) -> None:
    assert MINE is not None
    assert MINE[1].count("\n") <= 30
    (tmp_path / "mine.py").write_text(MINE[1])

    answer = cli("search", "mine:SPEC", "--trials", 2, "--epochs", 2)
    assert answer.code == 0, answer.err
    name = re.search(r"next: latentune train (\S+)", answer.out)
    assert name is not None
    answer = cli("train", name[1], "--epochs", 2)
    assert answer.code == 0, answer.err
    assert Path(f"runs/{name[1]}/final/reconstructions.png").exists()

    study = optuna.load_study(study_name=name[1], storage="sqlite:///runs/studies.db")
    for trial in study.trials:
        (artifact,) = optuna.artifacts.get_all_artifact_meta(trial, storage=study._storage)
        assert Path("runs/artifacts", artifact.artifact_id).exists()
    model = latentune.load_model(name[1])
    x = latentune.TensorData("digits").splits.test.inputs
    assert model.reconstruct(x).shape == x.shape
    assert cli("search", "mine:SPEC", "--trials", 3, "--epochs", 2).code == 0
    assert cli("sample", name[1], "--n", 5).code == 0


def test_every_command_that_the_readme_shows_can_be_typed() -> None:
    shown = [
        shlex.split(line, comments=True) for line in re.findall(r"^latentune .*", README, re.M)
    ]
    assert {"search", "train", "predict", "sample", "status", "dashboard"} <= {w[1] for w in shown}
    for _, verb, *words in shown:
        app.commands[verb].make_context(verb, words)  # of an unknown option, an error


def test_every_picture_that_the_readme_shows_is_there() -> None:
    pictures = re.findall(r"\]\((docs/[^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (Path(__file__).parents[1] / picture).exists(), picture
