"""A database in which somebody has changed one cell: named by the doctor, survived by the rest."""

import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing, nullcontext
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import optuna
import pytest

import latentune
from latentune.storage.bad_cells import find_bad_cells
from latentune.storage.optuna_internals import tables

Cli = Callable[..., Any]
Refused = Callable[..., str]
DATABASE = Path("runs/studies.db")


@pytest.fixture(scope="module")
def bench() -> Any:
    """The benchmark that tries every value in every column."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[3])
        return import_module("benchmarks.cells")


@pytest.fixture(scope="module")
def _small(bench: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs: Path = tmp_path_factory.mktemp("small") / "runs"
    bench.make_small(runs)
    return runs


@pytest.fixture
def small(_small: Path) -> Path:
    """A copy, in the working folder, of a runs folder with a study that nobody has trained."""
    return Path(shutil.copytree(_small, "runs"))


def sql(command: str, *values: Any) -> None:
    with closing(sqlite3.connect(DATABASE)) as connection:
        connection.execute(command, values)
        connection.commit()


def test_a_whole_database_has_no_bad_cell(small: Path, trained_database: Path) -> None:
    for database in (DATABASE, trained_database):
        with closing(sqlite3.connect(database)) as connection:
            assert list(find_bad_cells(connection)) == []


@pytest.fixture
def trained_database(_trained: Path) -> Path:
    return Path(shutil.copy(_trained / "studies.db", "trained.db"))


def test_a_bad_cell_of_any_column_is_named(bench: Any, small: Path) -> None:
    tried, unnamed = set(), []
    with closing(sqlite3.connect(DATABASE, isolation_level=None)) as connection:
        for cell in bench.cells(DATABASE):
            connection.execute("BEGIN")
            if not bench.is_allowed(cell) and bench.write(cell, connection):
                found = [*find_bad_cells(connection)]
                tried.add((cell.table, cell.column))
                named = {(bad.table, bad.column, bad.row) for bad in found}
                # Of an id of another row, those that lose theirs are named.
                lost = cell.column.endswith("_id") and found
                if (cell.table, cell.column, cell.row) not in named and not lost:
                    unnamed.append((*cell, [*map(str, found)]))
                for bad in found:
                    assert str(bad).isprintable()
                    assert len(str(bad)) < 450
            connection.execute("ROLLBACK")
    assert unnamed == []
    columns = {(name, c.name) for name, of in tables().items() for c in of.columns}
    assert tried == columns


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("UPDATE trials SET state = 'X' WHERE trial_id = 3", "trials.state of row 3 (trial 1 of"),
        (
            "UPDATE trial_values SET value = NULL WHERE trial_id = 3",
            "trial_values.value of row 2 (trial 1 of small) is NULL: it must not be empty",
        ),
        (
            "UPDATE trial_user_attributes SET value_json = '\"\\ud800\"' WHERE key = 'stopped'",
            "trial_user_attributes.value_json of row 6 (trial 0 of small) is",
        ),
        (
            "UPDATE trial_params SET distribution_json = '[[]]' WHERE trial_id = 3",
            "trial_params.distribution_json of row 4 (trial 1 of small) is '[[]]': it is not a",
        ),
        (
            "UPDATE trial_system_attributes SET value_json = '[\"x\"]' WHERE key = 'constraints'",
            "trial_system_attributes.value_json of row 2 (trial 0 of small) is '[\"x\"]': "
            "constraints: input should be a valid number",
        ),
        (
            f"UPDATE trial_user_attributes SET value_json = '{'[' * 9999}' WHERE rowid = 1",
            "trial_user_attributes.value_json of row 1 (trial 0 of small) is '[[[",
        ),
    ],
    ids=range(6),
)
def test_every_command_survives_a_bad_cell(
    cli: Cli, bench: Any, small: Path, command: str, said: str
) -> None:
    sql(command)
    answer = cli("doctor")
    assert answer.code == 1
    assert f"runs/studies.db: {said}" in answer.out
    assert "remove the row by: sqlite3 runs/studies.db 'DELETE FROM" in answer.out
    failed = set()
    for words in bench.COMMANDS:
        if words[0] == "import" and not Path("small.zip").exists():
            continue
        answer = cli(*words)
        assert answer.code in (0, 1, 2)
        if words[0] != "doctor" and answer.code:
            assert answer.err.count("\n") == 1, answer.err
            failed.add(words)
            if words[0] != "import":  # which names the trial
                assert f"latentune: runs/studies.db: {said}" in answer.err
                assert "see latentune doctor" in answer.err
    assert failed
    packs = ("export", "small", "--to", "small.zip")
    fails = pytest.raises(ValueError, match=r"runs/studies\.db: \w+\.")
    with fails if packs in failed else nullcontext():
        latentune.export("small", "again.zip")


def test_a_bug_of_ours_is_not_laid_to_the_database(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentune.studies.transfer.export.dump_study", lambda of: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        latentune.export("small", "small.zip")


@pytest.mark.parametrize("kind", ["trigger", "view", "virtual table"])
def test_what_a_database_holds_beside_tables_is_refused(
    cli: Cli, refused: Refused, small: Path, kind: str
) -> None:
    made = {
        "trigger": "TRIGGER evil AFTER INSERT ON trials BEGIN DELETE FROM studies; END",
        "view": "VIEW evil AS SELECT 1",
        "virtual table": "VIRTUAL TABLE evil USING fts5(a)",
    }
    sql(f"CREATE {made[kind]}")
    before = DATABASE.read_bytes()
    for words in (
        ("status",),
        ("best", "small"),
        ("export", "small"),
        ("search", "mlp", "wine", "--trials", 1),
        ("import", "x.zip"),
    ):
        assert words[0] == "import" or "'evil', which Optuna did not create" in refused(*words)
    answer = cli("doctor", "--fix")
    assert answer.code == 1
    word = kind.split()[-1].upper()
    assert f"sqlite3 runs/studies.db 'DROP {word} \"evil\"'" in answer.out
    assert DATABASE.read_bytes() == before
    sql(f'DROP {word} "evil"')
    assert cli("status").code == 0


def test_an_empty_database_beside_studies_is_not_taken_for_a_new_one(
    cli: Cli, refused: Refused, trained: Path
) -> None:
    DATABASE.write_bytes(b"")
    for end in ("-wal", "-shm"):
        DATABASE.with_name(f"studies.db{end}").unlink(missing_ok=True)
    line = "runs/studies.db is empty, but conv-ae-digits was searched here: the trials are lost"
    for words in (
        ("status",),
        ("best", "conv-ae-digits"),
        ("search", "conv-ae", "digits", "--trials", 1),
        ("train", "conv-ae-digits"),
    ):
        assert f"{line}; restore a copy of it" in refused(*words)
    answer = cli("doctor", "--fix")
    assert (answer.code, answer.out.splitlines()[0]) == (1, f"broken    {line}")
    assert DATABASE.read_bytes() == b""
    shutil.rmtree(trained / "conv-ae-digits")
    assert cli("status").code == 0, "a search was killed before it had made the tables"


def test_studies_that_are_on_each_other_are_shown(cli: Cli, small: Path) -> None:
    storage = f"sqlite:///{DATABASE}"
    for name, other in (("small", "theirs"), ("theirs", "small")):
        source = {"study": other, "checkpoint": f"{other}/final/model.ckpt", "hash": "0"}
        optuna.load_study(study_name=name, storage=storage).set_user_attr("encoder_source", source)
    answer = cli("status")
    assert answer.code == 0
    assert answer.out.count("small") >= 1
    assert answer.out.count("theirs") == 1
    exported = latentune.export("small", "small.zip")
    assert "the encoder None, which has changed" in exported.needs


def test_a_pipe_or_a_folder_is_not_a_database(cli: Cli, refused: Refused) -> None:
    Path("runs").mkdir()
    for make in (os.mkfifo, os.mkdir):
        make(DATABASE)
        assert "runs/studies.db as a database: it is not a file" in refused("status")
        answer = cli("doctor")
        assert (answer.code, "it is not a file" in answer.out) == (1, True)
        os.rmdir(DATABASE) if DATABASE.is_dir() else os.remove(DATABASE)


def changed_zip(change: Callable[[dict[str, Any]], None]) -> Path:
    """Packs the small study, with other entries of its first trial."""
    path = latentune.export("small", "small.zip").path
    with zipfile.ZipFile(path) as old:
        files = {name: old.read(name) for name in old.namelist()}
    table = json.loads(files["study.json"])
    change(table)
    files["study.json"] = json.dumps(table).encode()
    manifest = json.loads(files["manifest.json"])
    entry = manifest["files"]["study.json"]
    entry |= {
        "size": len(files["study.json"]),
        "sha256": sha256(files["study.json"]).hexdigest(),
    }
    files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile("changed.zip", "w") as new:
        for name, content in files.items():
            new.writestr(name, content)
    return Path("changed.zip")


def test_what_is_imported_is_what_the_doctor_calls_whole(cli: Cli, small: Path) -> None:
    path = changed_zip(lambda table: table["trials"][0]["user_attrs"].update(mine=[None, {}]))
    assert cli("import", path, "--runs", "far").code == 0
    with closing(sqlite3.connect("far/studies.db")) as connection:
        assert list(find_bad_cells(connection)) == []
    answer = cli("import", path, "--name", "CON", "--runs", "far")
    assert "a device on Windows" in answer.err
    answer = cli("import", path, "--name", "Small", "--runs", "far")
    assert "the study 'small'" in answer.err
