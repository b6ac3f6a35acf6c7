"""The README and the pages behind it: what they show can be typed, and is there."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

import latentune
from latentune.studies.cli.app import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = {ROOT / "README.md", *(ROOT / "docs").glob("*.md")}
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


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: page.name)
def test_every_command_that_a_page_shows_can_be_typed(page: Path) -> None:
    lines = re.findall(r"^latentune .*", page.read_text(), re.M)
    shown = [shlex.split(line, comments=True) for line in lines]
    assert shown or page.name == "results.md", "its commands stand in sentences"
    for _, verb, *words in shown:
        app.commands[verb].make_context(verb, words)  # of an unknown option, an error


def test_the_readme_shows_every_verb() -> None:
    shown = set(re.findall(r"^latentune (\S+)", README, re.M))
    assert shown == set(app.commands)


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: page.name)
def test_every_picture_and_page_that_a_page_links_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text())
    assert links
    for link in links:
        assert (page.parent / link).exists(), link
