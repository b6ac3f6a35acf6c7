"""Reproducing published systems: which commands run, what is kept, and what the table says."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from latentune.objectives.data.sources.builtin import DATASETS
from latentune.search_spaces.catalog.models import MODELS
from latentune.studies.cli.app import app
from latentune.studies.cli.reproduce import _run
from latentune.studies.reproducing.reproduce import Found, Reproduction, chosen_rows
from latentune.studies.reproducing.rows import ROWS
from latentune.studies.reproducing.table import make_table, markdown, relative_errors

from .conftest import Cli

ROOT = Path("runs/reproduced")


class Pretended:
    """Takes commands down, and leaves the files that they would leave."""

    def __init__(self, failing: str = "") -> None:
        self.failing, self.commands = failing, list[list[str]]()

    def __call__(self, words: Sequence[str]) -> str | None:
        self.commands.append(list(words))
        if words[0] == self.failing:
            return "it broke"
        if words[0] == "train":
            folder = ROOT / words[1] / "final"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "model.ckpt").write_text(" ".join(words))
            (folder / "metrics.json").write_text(json.dumps({"test_accuracy": 0.95}))
        return None


def test_the_options_of_every_row_are_those_of_the_command_line() -> None:
    for row in ROWS.values():
        assert row.runs or row.note, row
        for run in row.runs.values():
            words = [word.format_map(Names()) for word in f"search {run.search}".split()]
            if run.search:
                assert words[1] in MODELS
                app.commands["search"].make_context("search", words[1:])
            if run.use:
                verb, *options = (word.format_map(Names()) for word in run.use.split())
                app.commands[verb].make_context(verb, options)
            for name in run.networks():
                assert name in ROWS or name.rpartition("-")[0] in ROWS


class Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "digits"


def test_a_row_is_run_once_with_what_it_needs_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS, "fashion-mnist", DATASETS["digits"])
    monkeypatch.setitem(ROWS, "A2", ROWS["A2"]._replace(figure=ROWS["H1"].figure))
    call = Pretended()
    found = list(Reproduction(ROOT, call, quick=True).run(["H1"]))
    assert [words[:2] for words in call.commands] == [
        ["search", "conv-ae"],
        ["train", "a2-searched"],
        ["search", "head"],
        ["train", call.commands[3][1]],
        ["search", "head"],
        ["train", call.commands[5][1]],
    ]
    assert call.commands[3][1].startswith("h1-settings-")
    assert "a2-searched" in call.commands[2]
    assert [one.value for one in found] == [0.95, 0.95]
    again = Pretended()
    assert list(Reproduction(ROOT, again, quick=True).run(["H1"])) == found
    assert again.commands == []
    list(Reproduction(ROOT, again).run(["H1"]))  # other limits
    assert [words[0] for words in again.commands] == ["search", "train"] * 2
    before = {words[1] for words in again.commands if words[0] == "train"}
    list(Reproduction(ROOT, Pretended()).run(["A2"]))  # trains the encoder anew
    anew = Pretended()
    list(Reproduction(ROOT, anew).run(["H1"]))
    after = {words[1] for words in anew.commands if words[0] == "train"}
    assert len(after) == 2
    assert not before & after, "another encoder is another study"


def test_what_fails_is_told_and_tried_again() -> None:
    failing = Pretended("train")
    (found,) = Reproduction(ROOT, failing, quick=True).run(["C7-wine"])
    assert (found.value, found.why_not) == (None, "it broke")
    (found,) = Reproduction(ROOT, Pretended(), quick=True).run(["C7-wine"])
    assert found.value == 0.95


def test_a_row_without_its_data_says_which_folder_it_misses(tmp_path: Path) -> None:
    call = Pretended()
    found = list(Reproduction(ROOT, call, data_dir=str(tmp_path)).run(["C3"]))
    assert call.commands == []
    assert {one.why_not for one in found} == {
        f"no data: there is no folder cifar-10 in {tmp_path}"
    }


def test_the_table_has_every_row_and_what_is_missing() -> None:
    found = [
        Found("C1", "settings", 0.9, ["latentune train x"], 3.0, 20, 150),
        Found("C1", "searched", 0.97, ["a", "b"], 4.0, 30, 30),
        Found("C1", "searched", why_not="it broke"),
        Found("A4", "settings", 0.053),
        Found("C3", "settings", why_not="no data"),
    ]
    table = make_table(found).set_index("row", drop=False)
    assert list(table.index) == list(ROWS)
    assert (table.loc["C1", ["settings", "searched"]] == [0.9, 0.97]).all()
    assert table.loc["C1", "seconds"] == 7
    assert "no data" in table.loc["C3", "note"]
    assert "not run" in table.loc["A1", "note"]
    lines = {line.split(" | ")[0]: line for line in markdown(table).splitlines()}
    assert "0.9 (20 of 150 epochs) | 0.97 |" in lines["| C1"]
    errors = relative_errors(table).set_index("row")["error"]
    assert errors.filter(like="A4").iloc[0] == pytest.approx(2)
    assert errors.filter(like="C1").tolist() == pytest.approx([0.1 / 0.0681, 0.03 / 0.0681])


def test_rows_are_named_in_any_case_and_by_their_group(cli: Cli) -> None:
    assert chosen_rows(["a6", "C7-wine"]) == ["A6-64", "A6-4", "C7-wine"]
    assert chosen_rows([]) == list(ROWS)
    answer = cli("reproduce", "A44")
    assert answer.code == 2
    assert "there is no row 'A44'; did you mean 'A4'?" in answer.err
    assert cli("reproduce", "--minutes", "0").code == 2


def test_a_command_has_a_process_of_its_own_and_tells_why_it_failed(cli: Cli) -> None:
    assert _run(["list"]) is None
    assert _run(["train", "--nothing"]) == "No such option '--nothing'; see latentune --help"


def test_a_row_that_fails_ends_in_exit_code_1(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("latentune.studies.cli.reproduce._run", Pretended("train"))
    answer = cli("reproduce", "C7-wine")
    assert (answer.code, "C7-wine, after a search: it broke" in answer.out) == (1, True)
    assert cli("reproduce", "C3", "--data-dir", tmp_path).code == 0, "data that are not there"


def test_a_real_row_from_the_command_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[str] = []

    def here(words: Sequence[str]) -> None:  # two processes would import PyTorch for as long
        commands.append(words[0])
        app.main(list(words), standalone_mode=False)

    monkeypatch.setattr("latentune.studies.cli.reproduce._run", here)
    answer = cli("reproduce", "C7-wine", "--quick")
    assert answer.code == 0, answer.err
    assert answer.out.endswith("next: latentune status --runs runs/reproduced-quick\n")
    folder = Path("runs/reproduced-quick/table")
    table = pd.read_csv(folder / "table.csv").set_index("row")
    assert 0.3 < table.loc["C7-wine", "searched"] <= 1
    assert "latentune search logistic-regression wine" in table.loc["C7-wine", "commands"]
    assert "latentune search logistic-regression wine" in (folder / "table.md").read_text()
    assert cli("reproduce", "C7-wine", "--quick").code == 0
    assert commands == ["search", "train"], "what was run before is kept"
