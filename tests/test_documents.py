"""The README and the pages of docs/: what they show can be typed, and what they name exists."""

import re
import shlex
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import optuna
import pytest

import latentune
from latentune.studies.cli.app import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md"))
}
FOLDERS = "models|search_spaces|objectives|storage|studies|tests|examples|benchmarks"
CODE = rf"`((?:{FOLDERS})/[^`\s*A-Z]*)`"


@pytest.fixture(params=sorted(TEXTS))
def page(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def commands(page: str) -> list[list[str]]:
    """Returns the words of each command that a page shows on a line of its own."""
    text = TEXTS[page].replace("\\\n", " ")
    lines = re.findall(r"^(?:\$ )?(latentune .*)", text, re.M)
    return [shlex.split(line, comments=True) for line in lines]


def test_a_study_of_your_own(tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "mine.py").write_text((ROOT / "examples/linear_autoencoder.py").read_text())

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


def test_every_command_that_a_page_shows_can_be_typed(page: str) -> None:
    for _, *words in commands(page):
        assert words[0] in app.commands, words
        app.commands[words[0]].make_context(words[0], words[1:])  # of an unknown option, an error


def test_the_readme_shows_five_commands_and_the_guides_every_verb() -> None:
    assert len(commands("README.md")) >= 5
    shown = {words[1] for page in TEXTS for words in commands(page)}
    assert shown == set(app.commands), shown ^ set(app.commands)


def test_every_picture_and_page_that_a_page_links_exists(page: str) -> None:
    folder = (ROOT / page).parent
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", TEXTS[page]):
        assert (folder / link).exists(), link


def test_every_picture_is_shown() -> None:
    shown = {
        Path(link).name for text in TEXTS.values() for link in re.findall(r"\]\((.+?)\)", text)
    }
    assert {path.name for path in (DOCS / "pictures").iterdir()} <= shown


def test_every_file_that_a_page_names_exists(page: str) -> None:
    for path in re.findall(CODE, TEXTS[page]):
        assert (ROOT / path).exists(), path


@cache
def words_of_sources() -> set[str]:
    folders = [ROOT / folder for folder in FOLDERS.split("|")]
    sources = [path.read_text() for folder in folders for path in folder.rglob("*.py")]
    return set(re.findall(r"\w+", "\n".join(sources)))


def test_every_class_and_function_that_a_page_names_exists(page: str) -> None:
    words = words_of_sources()
    for name in re.findall(r"`([A-Z][a-z]+[A-Z]\w*|[a-z]+_[a-z_]+)(?:\(\))?`", TEXTS[page]):
        assert name in words, name


def test_every_benchmark_that_a_page_names_exists(page: str) -> None:
    for module in re.findall(r"python -m (benchmarks\.\w+)", TEXTS[page]):
        path = ROOT / module.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), module


def test_every_name_that_a_page_takes_from_latentune_exists(page: str) -> None:
    for name in re.findall(r"\blatentune\.([A-Za-z]\w*)\b(?!\.)", TEXTS[page]):
        assert hasattr(latentune, name), name


def test_the_python_reference_documents_every_public_name() -> None:
    documented = re.findall(
        r"^\.\. auto\w+:: latentune\.(\w+)", TEXTS["docs/reference/python.md"], re.M
    )
    assert sorted(documented) == sorted(set(latentune.__all__) - {"__version__"})


def test_every_make_target_that_a_page_names_exists(page: str) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))
    named = re.findall(r"(?:^|`)make (\w+)(?:`| [A-Z ]|$)", TEXTS[page], re.M)
    assert set(named) <= targets


def test_the_readme_and_the_guide_for_contributors_are_short() -> None:
    assert len(TEXTS["README.md"].split()) < 1000
    assert len(TEXTS["CONTRIBUTING.md"].split()) < 1000
