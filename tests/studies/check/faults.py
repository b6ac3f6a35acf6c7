"""Faults of a runs folder, and what the doctor says of each."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
import torch
from alembic import command as alembic
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from latentune.storage.database import open_database
from tests.conftest import edit_header

NAME = "conv-ae-digits"
RUNS = Path("runs")
DATABASE = RUNS / "studies.db"
FINAL = RUNS / NAME / "final"


@contextmanager
def database() -> Iterator[RDBStorage]:
    """The database of the working folder, let go of at the end."""
    storage = open_database(f"sqlite:///{DATABASE}")
    assert isinstance(storage, RDBStorage)
    yield storage
    storage.remove_session()
    storage.engine.dispose()


@contextmanager
def opened(name: str = NAME) -> Iterator[optuna.Study]:
    with database() as storage:
        yield optuna.load_study(study_name=name, storage=storage)


def like(trial: FrozenTrial, value: float, **params: Any) -> FrozenTrial:
    """A complete trial as a search would have left it, with other parameters."""
    return create_trial(
        params={**trial.params, **params},
        distributions=trial.distributions,
        user_attrs=trial.user_attrs,
        intermediate_values={1: value + 0.1, 2: value},
        value=value,
    )


def touched_long_ago(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (0, 0))


def sql(*statements: str) -> None:
    with closing(sqlite3.connect(DATABASE)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def left_running() -> None:
    with opened() as study:
        trial = like(study.trials[0], 0.1)
        trial.state, trial.values, trial.datetime_complete = TrialState.RUNNING, None, None
        trial.datetime_start = datetime.now() - timedelta(minutes=5)
        study.add_trial(trial)


def waits_for_a_point_again() -> None:
    with opened() as study:
        study.enqueue_trial(study.trials[1].params)


def a_checkpoint_of_a_finished_trial() -> None:
    path = RUNS / "cache" / "trials" / NAME / "0.ckpt"
    path.parent.mkdir(parents=True)
    torch.save({}, path)


def a_picture_without_a_file() -> None:
    next((RUNS / "artifacts").iterdir()).unlink()


def a_picture_without_a_record() -> None:
    (RUNS / "artifacts" / "11111111-2222-3333-4444-555555555555").write_text("a picture")


def a_broken_checkpoint() -> None:
    path = FINAL / "model.ckpt"
    path.write_bytes(path.read_bytes()[:1000])


def a_checkpoint_without_its_data() -> None:
    edit_header(FINAL / "model.ckpt", lambda header: header.pop("data"))


def a_broken_best() -> None:
    path = RUNS / NAME / "best.toml"
    path.write_text(path.read_text()[:-40])


def a_cache_of_last_year() -> None:
    touched_long_ago(RUNS / "cache" / "folders" / "1234-5678.pt")


def codes_of_another_network() -> None:
    (FINAL / "codes-0123456789abcdef-9999-train.npy").write_text("codes")


def scratch_of_the_dead() -> None:
    touched_long_ago(RUNS / "cache" / "scratch-dead" / "new" / "picture.png")
    (RUNS / "cache" / "scratch-dead" / "owner.lock").touch()


def half_a_file() -> None:
    touched_long_ago(RUNS / NAME / ".best.toml.partial")


def an_older_schema() -> None:
    sql("CREATE INDEX trials_study_id_key ON trials (study_id)")  # as Optuna 3 had called it
    with database() as storage:
        alembic.downgrade(storage._version_manager._create_alembic_config(), "v3.0.0.d")


def rows_of_no_trial() -> None:
    sql("INSERT INTO trial_params VALUES (9999, 9999, 'lr', 0.1, '{}')")


def an_index_that_lacks_a_row() -> None:
    row = (
        "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) "
        "SELECT COUNT(*), 1, 'FAIL', MAX(datetime_start), MAX(datetime_complete) FROM trials"
    )
    with closing(sqlite3.connect(DATABASE)) as connection:
        found = connection.execute(
            "SELECT * FROM sqlite_master WHERE name = 'ix_trials_study_id'"
        ).fetchone()
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'ix_trials_study_id'")
        connection.commit()
    with closing(sqlite3.connect(DATABASE)) as connection:
        connection.execute(row)  # which does not know of the index
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", found)
        connection.commit()


FAULTS: dict[Callable[[], None], str] = {
    left_running: "trial 3 of conv-ae-digits left running by a process that died",
    a_picture_without_a_file: "1 picture of conv-ae-digits whose files have gone",
    a_broken_checkpoint: "final/model.ckpt is not a checkpoint that can be read safely",
    a_checkpoint_without_its_data: "final/model.ckpt is incomplete: data is missing",
    a_broken_best: "best.toml is not a complete TOML file",
    rows_of_no_trial: "studies.db holds 1 row of no trial",
    an_index_that_lacks_a_row: "studies.db is damaged: row 4 missing from index",
    an_older_schema: "studies.db has the tables of another Optuna (v3.0.0.d",
    waits_for_a_point_again: "trial 3 of conv-ae-digits waiting to try parameters again",
    a_checkpoint_of_a_finished_trial: "1 checkpoint of trials that have finished",
    a_picture_without_a_record: "1 file in runs/artifacts that no study refers to",
    a_cache_of_last_year: "1 file that nothing has used for a month",
    codes_of_another_network: "1 file of latent codes of an encoder that",
    scratch_of_the_dead: "2 files of processes that died",
    half_a_file: "1 file not written to the end",
}
