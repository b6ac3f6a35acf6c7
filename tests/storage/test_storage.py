"""Storage: the database, best.toml and checkpoints, as they should be and as they should not."""

import math
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentune.storage import sqlite_file
from latentune.storage.atomic_write import write_text
from latentune.storage.best_toml import Best, read_best_toml, write_best_toml
from latentune.storage.checkpoint_file import read_checkpoint
from latentune.storage.database import open_database
from latentune.storage.folder_replacement import replace_folder, resumable_folder
from latentune.storage.optuna_schema import table_statements
from latentune.storage.runs_folder import Runs, check_study_name
from latentune.storage.scratch_folder import scratch_folder
from latentune.storage.storage_error import StorageError

from ..forked import fork, without_rights_of_root

names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1)
plain = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), names
)
tables = st.dictionaries(names, st.one_of(plain, st.lists(st.integers()), st.just({"a": 1})))
bests = st.builds(
    Best,
    study=st.from_regex(r"study-\w[\w.+-]{0,80}", fullmatch=True),
    trial=st.integers(0, 10**6),
    monitor=names,
    value=st.floats(allow_nan=False),
    best_epoch=st.integers(1, 1000),
    recipe=tables,
    params=tables,
    hparams=tables,
    provenance=tables,
)
BEST = Best("s", 1, "val_mse", 0.5, 3, {"model": "conv-ae"}, {"lr": 0.1}, {}, {"seed": 1})


@settings(max_examples=60, deadline=None)
@given(bests)
def test_best_toml_gives_back_what_was_written(tmp_path_factory: Any, best: Best) -> None:
    path = tmp_path_factory.mktemp("best") / "best.toml"
    write_best_toml(best, path)
    assert read_best_toml(path) == best


def test_what_is_none_is_left_out_of_best_toml(tmp_path: Path) -> None:
    path = tmp_path / "best.toml"
    write_best_toml(Best(**{**vars(BEST), "hparams": {"width": None, "depth": 2}}), path)
    assert read_best_toml(path).hparams == {"depth": 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: text.index("val_mse") + 3], "not a complete TOML"),
        (lambda text: text[: text.index("[params]")], "params is missing"),
        (lambda text: "color = 3\n" + text, "color is not a known entry"),
        (
            lambda text: text.replace("trial = 1", 'trial = "one"'),
            "trial: input should be a valid integer",
        ),
        (lambda text: text.replace("format = 1", "format = 9"), "not a configuration of format 1"),
        (lambda text: "", "not a configuration of format 1"),
    ],
)
def test_a_damaged_best_toml_is_refused(tmp_path: Path, change: Any, message: str) -> None:
    path = tmp_path / "best.toml"
    write_best_toml(BEST, path)
    path.write_text(change(path.read_text()))
    with pytest.raises(StorageError, match=message):
        read_best_toml(path)


def test_a_binary_or_missing_best_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="write it by: latentune best"):
        read_best_toml(tmp_path / "best.toml")
    (tmp_path / "best.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StorageError, match="not a complete TOML"):
        read_best_toml(tmp_path / "best.toml")


def test_the_database_is_made_once_with_a_write_ahead_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    optuna.create_study(storage=open_database(url, create=True), study_name="one")
    optuna.create_study(storage=open_database(url), study_name="two")
    with sqlite3.connect(tmp_path / "studies.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT count(*) FROM studies").fetchone() == (2,)
    connection.close()


@pytest.mark.parametrize("n_statements", [1, 9, 15])
def test_a_death_while_the_database_is_made_leaves_no_half_of_one(
    tmp_path: Path, n_statements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die() -> Iterator[str]:
        yield from table_statements()[:n_statements]
        raise Killed

    url = f"sqlite:///{tmp_path / 'studies.db'}"
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_file, "table_statements", die)
        with pytest.raises(Killed):
            open_database(url, create=True)
    optuna.create_study(storage=open_database(url, create=True))


def test_a_missing_database_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"no database .* yet"):
        open_database(f"sqlite:///{tmp_path / 'studies.db'}")
    assert list(tmp_path.iterdir()) == []


def test_other_files_are_not_databases(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello " * 1000)
    with pytest.raises(StorageError, match="file is not a database"):
        open_database(f"sqlite:///{path}", create=True)
    assert path.read_text() == "hello " * 1000


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE customers (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="of another program"):
        open_database(f"sqlite:///{path}", create=True)
    assert path.read_bytes() == before


def test_a_database_of_an_older_optuna_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    optuna.storages.RDBStorage(f"sqlite:///{path}").engine.dispose()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = 'v3.0.0.d'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="latentune doctor --fix"):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_new_database_has_the_tables_of_optuna(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def contents(path: Path) -> set[str]:
        with closing(sqlite3.connect(path)) as connection:
            return {"".join(statement.split()) for statement in connection.iterdump()}

    optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/optuna.db").engine.dispose()
    monkeypatch.setattr("alembic.script.ScriptDirectory.from_config", None)  # reading takes 0.1 s
    open_database(f"sqlite:///{tmp_path}/ours.db", create=True)
    assert contents(tmp_path / "ours.db") == contents(tmp_path / "optuna.db")


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(StorageError, match="is not a database URL"):
        open_database("studies.db")
    with pytest.raises(StorageError, match="cannot open nosuch://host"):
        open_database("nosuch://host/db")


@pytest.mark.skipif(sys.platform != "linux", reason="gives up rights of root as Linux does")
def test_a_read_only_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "studies.db"
    optuna.storages.RDBStorage(f"sqlite:///{path}").engine.dispose()
    path.chmod(0o444)
    before = path.read_bytes()
    opening = partial(open_database, f"sqlite:///{path}", create=True)
    _, _, err = fork(without_rights_of_root, opening).end()
    assert "StorageError" in err
    assert "readonly database" in err
    assert path.read_bytes() == before


def test_a_checkpoint_holds_data_alone(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    with pytest.raises(StorageError, match="there is no checkpoint"):
        read_checkpoint(path)
    torch.save({"state_dict": {}, "latentune": Path("evil")}, path)
    with pytest.raises(StorageError, match="not a checkpoint that can be read safely"):
        read_checkpoint(path)
    path.write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(StorageError, match="not a checkpoint that can be read safely"):
        read_checkpoint(path)
    torch.save({"state_dict": {}}, path)
    with pytest.raises(StorageError, match="not written by latentune train"):
        read_checkpoint(path)


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    folder = tmp_path / "study" / "final"
    with replace_folder(folder, runs) as partial:
        (partial / "a").write_text("first")
    with pytest.raises(ZeroDivisionError), replace_folder(folder, runs) as partial:  # noqa: PT012
        (partial / "a").write_text("second")
        raise ZeroDivisionError
    assert (folder / "a").read_text() == "first"
    with replace_folder(folder, runs) as partial:
        (partial / "b").write_text("third")
    assert [path.name for path in folder.parent.iterdir()] == ["final"]
    assert [path.name for path in folder.iterdir()] == ["b"]


def test_a_resumable_folder_keeps_the_last_one(tmp_path: Path) -> None:
    runs, folder = Runs(tmp_path), tmp_path / "study" / "final"
    for text in ("first", "second", "third"):
        with resumable_folder(folder, runs, "marker", resume=False) as partial:
            (partial / "a").write_text(text)
    assert (folder / "a").read_text() == "third"
    assert (tmp_path / "study" / "final-before" / "a").read_text() == "second"
    assert list(tmp_path.glob("cache/scratch-*")) == []


def test_scratch_of_a_dead_process_is_swept_and_of_a_living_one_is_not(tmp_path: Path) -> None:
    code = "import os, sys, pathlib\n"
    code += "from latentune.storage.scratch_folder import scratch_folder as new\n"
    code += "with new(pathlib.Path(sys.argv[1])) as f: (f / 'data').touch(); os._exit(1)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (dead,) = tmp_path.glob("scratch-*")
    assert (dead / "data").exists()
    with scratch_folder(tmp_path) as living:
        assert not dead.exists()
        with scratch_folder(tmp_path):
            assert living.exists()
    assert list(tmp_path.glob("scratch-*")) == []


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "first")
    with pytest.raises(StorageError, match="surrogates not allowed"):
        write_text(tmp_path / "a", "\udc80" * 10)
    assert (tmp_path / "a").read_text() == "first"
    with pytest.raises(StorageError, match="cannot write to"):
        write_text(tmp_path / "a" / "b", "second")


def test_runs_that_cannot_be_made_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="name another folder by `runs=`"):
        Runs(tmp_path / "file").make()


@pytest.mark.parametrize(
    "name", ["", "../up", "a/b", ".hidden", "two words", "a\n", "-x", "a" * 300, "cache"]
)
def test_names_that_would_leave_the_folder_are_refused(name: str) -> None:
    with pytest.raises(StorageError, match="cannot name a study"):
        check_study_name(name)


def test_infinite_values_survive_best_toml(tmp_path: Path) -> None:
    write_best_toml(Best(**{**vars(BEST), "value": math.inf}), tmp_path / "best.toml")
    assert read_best_toml(tmp_path / "best.toml").value == math.inf
