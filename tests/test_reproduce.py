"""The reproduction of published systems: commands, stored results, and the table."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from latentune.objectives.data.sources.builtin_datasets import DATASETS
from latentune.search_spaces.catalog.models import MODELS
from latentune.studies.cli.app import app

REPOSITORY = str(Path(__file__).parents[1])
ROOT = Path("reproduced")


def benchmark(name: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(REPOSITORY)
        return import_module(f"benchmarks.reproduce.{name}")


main, run_command = benchmark("__main__").main, benchmark("__main__").run_command
Reproduction, Result = benchmark("reproduction").Reproduction, benchmark("reproduction").Result
ROWS, select_rows = benchmark("rows").ROWS, benchmark("rows").select_rows
table = benchmark("table")


class FakeCommand:
    """Records commands and writes the files that they would write."""

    def __init__(self, failing_verb: str = "") -> None:
        self.failing_verb, self.commands = failing_verb, list[list[str]]()

    def __call__(self, words: Sequence[str]) -> str | None:
        self.commands.append(list(words))
        if words[0] == self.failing_verb:
            return "it broke"
        if words[0] == "train":
            folder = ROOT / words[1] / "final"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "model.ckpt").write_text(" ".join(words))
            found = {"test_accuracy": 0.95}
            seeds = {"mean": {"test_accuracy": 0.94}, "std": {"test_accuracy": 0.01}}
            table = found | seeds if "--seeds" in words else found
            (folder / "metrics.json").write_text(json.dumps(table))
        return None


class Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "digits"


def test_the_command_line_accepts_the_options_of_every_row() -> None:
    for name, row in ROWS.items():
        assert row.runs or row.note, name
        assert bool(row.runs) == bool(row.metric), name
        for run in row.runs.values():
            words = [word.format_map(Names()) for word in f"search {run.search}".split()]
            if run.search:
                assert words[1] in MODELS
                app.commands["search"].make_context("search", words[1:])
                assert row.epochs > 0
            published = MODELS[words[1]].published if run is row.settings and run.search else None
            if published and "--batch-size" not in words:  # else it was trained differently
                assert row.epochs == published.epochs
            if run.use:
                verb, *options = (word.format_map(Names()) for word in run.use.split())
                app.commands[verb].make_context(verb, options)
            for needed in run.networks():
                assert needed in ROWS or needed.rpartition("-")[0] in ROWS


def test_a_row_runs_once_and_after_the_row_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS, "fashion-mnist", DATASETS["digits"])
    accuracy = {"metric": "test_accuracy", "direction": "maximize"}
    monkeypatch.setitem(ROWS, "A2", ROWS["A2"].model_copy(update=accuracy))
    command = FakeCommand()
    results = list(Reproduction(ROOT, command, quick=True).run(["H1"]))
    assert [words[:2] for words in command.commands] == [
        ["search", "conv-ae"],
        ["train", "a2-searched"],
        ["search", "head"],
        ["train", command.commands[3][1]],
        ["search", "head"],
        ["train", command.commands[5][1]],
    ]
    assert command.commands[3][1].startswith("h1-settings-")
    assert "a2-searched" in command.commands[2]
    assert [result.value for result in results] == [0.95, 0.95]
    second = FakeCommand()
    assert list(Reproduction(ROOT, second, quick=True).run(["H1"])) == results
    assert second.commands == []
    list(Reproduction(ROOT, second).run(["H1"]))  # other limits
    assert [words[0] for words in second.commands] == ["search", "train"] * 2
    before = {words[1] for words in second.commands if words[0] == "train"}
    list(Reproduction(ROOT, FakeCommand()).run(["A2"]))  # trains the encoder again
    third = FakeCommand()
    list(Reproduction(ROOT, third).run(["H1"]))
    after = {words[1] for words in third.commands if words[0] == "train"}
    assert len(after) == 2
    assert not before & after, "another encoder means another study"


def test_a_row_of_several_seeds_has_their_mean_and_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    command = FakeCommand()
    results = list(Reproduction(ROOT, command).run(["C1"]))
    trainings = [words for words in command.commands if words[0] == "train"]
    assert all(words[4:6] == ["--seeds", "3"] for words in trainings)
    assert [(one.value, one.std, one.epochs) for one in results] == [
        (0.94, 0.01, 150),
        (0.94, 0.01, 150),
    ]
    lines = table.markdown(table.make_table(results)).splitlines()
    assert "0.94 ± 0.01" in next(line for line in lines if line.startswith("| C1 |"))


def test_a_failed_run_is_reported_and_runs_again() -> None:
    (result,) = Reproduction(ROOT, FakeCommand("train"), quick=True).run(["C7-wine"])
    assert (result.value, result.error) == (None, "it broke")
    (result,) = Reproduction(ROOT, FakeCommand(), quick=True).run(["C7-wine"])
    assert result.value == 0.95


@pytest.mark.parametrize(("row", "data"), [("C3", "cifar-10"), ("C6-b", "ants-bees")])
def test_a_folder_serves_as_data(tmp_path: Path, row: str, data: str) -> None:
    (tmp_path / data).mkdir()
    command = FakeCommand()
    result = next(Reproduction(ROOT, command, data_dir=str(tmp_path)).run([row]))
    assert command.commands[0][2] == str(tmp_path / data)
    assert f" data/{data} " in result.commands[0]
    assert str(tmp_path) not in "".join(result.commands), "another machine has another folder"


def test_a_row_without_data_names_the_missing_folder(tmp_path: Path) -> None:
    command = FakeCommand()
    results = list(Reproduction(ROOT, command, data_dir=str(tmp_path)).run(["C3"]))
    assert command.commands == []
    assert {result.error for result in results} == {
        f"no data: there is no folder cifar-10 in {tmp_path}"
    }


def test_the_table_has_every_row_and_names_what_is_missing(tmp_path: Path) -> None:
    results = [
        Result("C1", "settings", 0.9, ["latentune train x"], 3.0, 20, 150),
        Result("C1", "searched", 0.97, ["a", "b"], 4.0, 30, 30),
        Result("C1", "searched", error="it broke"),
        Result("A4", "settings", 0.053),
        Result("C3", "settings", error="no data"),
        Result("L1", "settings", -90.0),
    ]
    made = table.make_table(results)
    rows = made.set_index("row", drop=False)
    assert list(rows.index) == list(ROWS)
    assert (rows.loc["C1", ["settings", "searched"]] == [0.9, 0.97]).all()
    assert rows.loc["C1", "seconds"] == 7
    assert "no data" in rows.loc["C3", "note"]
    assert "not run" in rows.loc["A1", "note"]
    lines = {line.split(" | ")[0]: line for line in table.markdown(made).splitlines()}
    assert "0.9 (20 of 150 epochs) | 0.97 |" in lines["| C1"]
    compared = table.relative_errors(made).set_index("row")
    errors, training = compared["error"], compared["training"]
    assert training.filter(like="C1").tolist() == ["shorter", "whole"]
    assert errors.filter(like="A4").iloc[0] == pytest.approx(2)
    assert "L1" not in {name.split()[0] for name in errors.index}, "nats have no relative error"
    assert errors.filter(like="C1").tolist() == pytest.approx([0.1 / 0.0681, 0.03 / 0.0681])
    folder = table.write_table(made, tmp_path)
    assert {path.name for path in folder.iterdir()} == {"table.md", "table.csv", "table.png"}


def test_the_page_shows_the_results_that_are_kept() -> None:
    page = benchmark("page")
    made = table.make_table(page.load_results(page.KEPT))
    written = Path(REPOSITORY, "docs", "reproduced.md").read_text(encoding="utf-8")
    assert page.make_page(made) == written, "run python -m benchmarks.reproduce.page"
    readme = Path(REPOSITORY, "README.md").read_text(encoding="utf-8")
    assert page.update_readme(readme, made) == readme, "run python -m benchmarks.reproduce.page"
    assert all(ROWS[name].system in readme for name in page.README_ROWS)
    assert set(made["row"].str[0]) == set(page.FAMILIES), "no row is without a family"


def test_a_row_is_named_in_any_case_and_by_its_group() -> None:
    assert select_rows(["a6", "C7-wine"]) == ["A6-64", "A6-4", "C7-wine"]
    assert select_rows([]) == list(ROWS)
    answer = CliRunner().invoke(main, ["A44"])
    assert answer.exit_code == 2
    assert "there is no row 'A44'; did you mean 'A4'?" in answer.output
    assert CliRunner().invoke(main, ["--minutes", "0"]).exit_code == 2


def test_a_command_runs_in_a_new_process_and_returns_its_error() -> None:
    assert (
        run_command(["train", "--nothing"]) == "No such option '--nothing'; see latentune --help"
    )
    help_of_module = [sys.executable, "-m", "benchmarks.reproduce", "--help"]
    assert not subprocess.run(help_of_module, cwd=REPOSITORY, stdout=subprocess.PIPE).returncode


def test_a_failed_row_makes_exit_code_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(benchmark("__main__"), "run_command", FakeCommand("train"))
    answer = CliRunner().invoke(main, ["C7-wine"])
    assert (answer.exit_code, "C7-wine, after a search: it broke" in answer.output) == (1, True)
    no_data = CliRunner().invoke(main, ["C3", "--data-dir", str(tmp_path)])
    assert no_data.exit_code == 0, "missing data are not a failure"


def test_a_real_row_from_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    verbs: list[str] = []

    def run_here(words: Sequence[str]) -> None:  # two processes would import PyTorch twice
        verbs.append(words[0])
        app.main(list(words), standalone_mode=False)

    monkeypatch.setattr(benchmark("__main__"), "run_command", run_here)
    answer = CliRunner().invoke(main, ["C7-wine", "--quick"])
    assert answer.exit_code == 0, answer.output
    assert answer.output.endswith("next: latentune status --runs reproduced-quick\n")
    folder = Path("reproduced-quick/table")
    made = pd.read_csv(folder / "table.csv").set_index("row")
    assert 0 < made.loc["C7-wine", "searched"] <= 1
    assert "latentune search logistic-regression wine" in made.loc["C7-wine", "commands"]
    assert "latentune search logistic-regression wine" in (folder / "table.md").read_text()
    assert CliRunner().invoke(main, ["C7-wine", "--quick"]).exit_code == 0
    assert verbs == ["search", "train"], "the result of an earlier run is stored"
