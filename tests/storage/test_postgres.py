"""Studies in PostgreSQL, on a real server: what several machines do to one study, and mistakes."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import optuna
import pytest
from filelock import Timeout
from optuna.storages import RDBStorage
from optuna.trial import TrialState

import latentune
from latentune.storage.database import DatabaseError, database_exists, open_database
from latentune.storage.runs_folder import Runs
from latentune.storage.search_lock import confirm_lock, search_lock
from latentune.storage.storage_error import StorageError
from latentune.storage.study_record import read_confirm_values, write_confirm_value
from latentune.studies.search.fork_server import process_context
from latentune.studies.search.trial_lease import requeue_dead_trials

from ..forked import fork

psycopg = pytest.importorskip("psycopg", reason="needs psycopg, the driver of PostgreSQL")


Cli = Callable[..., Any]


NAME = "conv-ae-digits"


SMALL = ("--epochs", 1, "--batch-size", 400)


MORTAL = """
import os, signal
from functools import partial
from pathlib import Path
from latentune import TensorData, Objective, StudySpec
from latentune.search_spaces.autoencoder_spaces import conv_ae

def callbacks(trial):
    if trial.number == 1 and Path("mortal").exists():
        Path("mortal").unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return []

data = partial(TensorData, "digits", batch_size=400)
SPEC = StudySpec("mine", Objective(conv_ae, data, max_epochs=1, callbacks=callbacks))
"""


_regression_pairs = count()


@pytest.fixture(scope="session")
def machine() -> Iterator[str]:
    """The URL of a server that is started for these tests, and its password is `secret`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[2])
        helper = import_module("benchmarks.postgres_server")
    if helper.binaries() is None:
        pytest.skip("needs initdb and pg_ctl, as of Debian's package postgresql")
    with helper.postgres("fsync=off") as url:
        yield url


@pytest.fixture
def url(machine: str) -> str:
    """The URL of an empty database."""
    name = f"studies{next(_regression_pairs)}"
    sql(f"{machine}/postgres", f"CREATE DATABASE {name}")
    return f"{machine}/{name}"


def sql(url: str, *statements: str) -> list[Any]:
    """Returns what the last of some statements has found."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def states(study: optuna.Study) -> list[TrialState]:
    return [trial.state for trial in study.trials]


def search_elsewhere(pipe: Connection, **options: Any) -> None:
    """Searches as another machine does: once it has finished a trial, it says so and waits."""

    def wait(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if trial.number == 0:
            pipe.send("begun")
            pipe.recv()

    latentune.search("conv-ae", "digits", callbacks=[wait], runs="other", **options)


def test_two_machines_share_the_total_and_repeat_no_point(url: str) -> None:
    options: dict[str, Any] = {"epochs": 1, "batch_size": 400, "pruner": "none", "trials": 16}
    options["storage"] = url
    pipe, theirs = process_context.Pipe()
    other = fork(search_elsewhere, theirs, **options)
    theirs.close()
    assert pipe.recv() == "begun"
    ours: list[int] = []

    def go_on(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if not ours:
            pipe.send("go on")
        ours.append(trial.number)

    study = latentune.search("conv-ae", "digits", callbacks=[go_on], workers=2, **options)
    code, _, err = other.end()
    assert code == 0, err
    assert states(study) == [TrialState.COMPLETE] * 16
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 16
    assert 0 < len(ours) == len([*Path("runs/artifacts").iterdir()])  # each where its trial ran
    assert len([*Path("other/artifacts").iterdir()]) == 16 - len(ours)


def test_a_killed_search_goes_on_on_another_machine(url: str) -> None:
    Path("mine.py").write_text(MORTAL)
    Path("mortal").touch()
    search = partial(latentune.search, "mine:SPEC", trials=3, storage=url)
    code, *_ = fork(search).end()
    assert code == -signal.SIGKILL
    sql(url, "UPDATE trial_heartbeats SET heartbeat = heartbeat - interval '1 hour'")
    sys.path.insert(0, os.getcwd())
    study = latentune.search("mine:SPEC", trials=3, storage=url, runs="elsewhere")
    assert states(study) == [TrialState.COMPLETE] * 3
    assert study.trials[1].user_attrs["worker_failures"] == [0]


def test_the_clock_of_a_machine_says_nothing_of_a_trial_without_a_heartbeat(url: str) -> None:
    study = optuna.create_study(study_name="s", storage=open_database(url, create=True))
    with pytest.warns(UserWarning, match="Heartbeat"):
        study.ask()
    sql(url, "UPDATE trials SET datetime_start = datetime_start - interval '1 day'")
    requeue_dead_trials(study)
    assert states(study) == [TrialState.RUNNING]
    sql(url, "UPDATE trial_heartbeats SET heartbeat = heartbeat - interval '1 minute'")
    requeue_dead_trials(study)
    assert states(study) == [TrialState.WAITING]


def test_every_verb_works_and_none_tells_the_password(cli: Cli, url: str, machine: str) -> None:
    place = ("--storage", url)
    said = []

    def run(*words: object, code: int = 0) -> str:
        answer = cli(*words)
        said.append(answer.out + answer.err)
        assert answer.code == code, answer.err
        return said[-1]

    run("search", "conv-ae", "digits", "--trials", 2, "--workers", 1, *SMALL, *place, "--dry-run")
    assert not database_exists(url)
    run("search", "conv-ae", "digits", "--trials", 2, "--workers", 1, *SMALL, *place)
    assert "complete" in run("status", NAME, *place)
    run("best", NAME, *place)
    run("verify", f"{NAME}:0", *place)
    assert "nothing is broken" in run("doctor", *place)
    assert "pg_dump" in run("doctor", "--fix", *place, code=2)
    assert "evolved" in run(
        *("search", "conv-ae", "digits", "--from", NAME, "--name", "evolved", "--trials", 2),
        *("--range", "latent_dim=2:9", "--workers", 1, *SMALL, *place),
    )
    run("export", NAME, "--to", "study.zip", *place)
    sql(f"{machine}/postgres", f"CREATE DATABASE {url.rpartition('/')[2]}other")
    there = ("--storage", f"{url}other", "--runs", "there")
    run("import", "study.zip", *there)
    run("import", "study.zip", "--into", NAME, *there)
    kept = [path.read_bytes() for path in Path().rglob("*") if path.is_file()]
    attributes = sql(url, "SELECT value_json FROM study_user_attributes")
    attributes += sql(url, "SELECT value_json FROM study_system_attributes")
    assert "secret" not in "".join(said) + str(attributes)
    assert not [content for content in kept if b"secret" in content]
    (used,) = sql(url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    assert used[0] <= 3  # of the process: one for trials, one for the lock; and that which asks


def test_the_lock_holds_between_machines_and_ends_with_its_session(url: str) -> None:
    one, other = (search_lock(url, Runs(Path(name))) for name in ("one", "other"))
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        first.submit(one.acquire).result()
        with pytest.raises(Timeout):
            other.acquire(timeout=0.05)
        with one:  # again by who has it
            pass
        assert one.is_locked
        second.submit(one.release).result()
    assert not one.is_locked
    other.acquire(timeout=1)
    sql(url, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    one.acquire(timeout=10)
    with pytest.raises(DatabaseError):
        other.release()
    assert (one.is_locked, other.is_locked) == (True, False)
    one.release()
    with other:
        assert other.is_locked


def test_two_machines_that_confirm_a_study_lose_no_training(url: str) -> None:
    optuna.create_study(study_name="s", storage=open_database(url, create=True))
    for seed in (7, 8):  # each machine has its own view of the study
        database = RDBStorage(url.replace("postgresql", "postgresql+psycopg"))
        machine = optuna.load_study(study_name="s", storage=database)
        machine.get_trials()
        write_confirm_value(machine, 0, seed, seed / 10)
        database.remove_session()
        database.engine.dispose()
    study = optuna.load_study(study_name="s", storage=open_database(url))
    assert read_confirm_values(study) == {(0, 7): 0.7, (0, 8): 0.8}
    with confirm_lock(url, Runs(Path("one")), "s"):
        with pytest.raises(Timeout):
            confirm_lock(url, Runs(Path("other")), "s").acquire(timeout=0)
        with confirm_lock(url, Runs(Path("other")), "another study"):
            pass


def test_tables_that_were_half_made_are_completed(url: str) -> None:
    with pytest.raises(StorageError, match="holds no studies yet"):
        open_database(url)
    RDBStorage(url.replace("postgresql", "postgresql+psycopg")).engine.dispose()
    sql(url, "DROP TABLE alembic_version")
    assert not database_exists(url)
    optuna.create_study(storage=open_database(url, create=True))
    assert database_exists(url)


def test_what_is_not_ours_is_left_alone(url: str) -> None:
    sql(url, "CREATE TABLE customers (name text)")
    with pytest.raises(StorageError, match="of another program"):
        open_database(url, create=True)
    assert sql(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [
        ("customers",)
    ]
    sql(url, "DROP TABLE customers")
    open_database(url, create=True)
    with pytest.raises(StorageError, match="can only be read"):
        open_database(f"{url}?options=-c%20default_transaction_read_only=on")
    sql(
        url,
        "CREATE ROLE reader LOGIN PASSWORD 'r'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
    )
    with pytest.raises(StorageError, match=r"the user reader may not write to .*reader:\*\*\*@"):
        open_database(url.replace("latentune:secret", "reader:r"))
    sql(url, "UPDATE alembic_version SET version_num = 'v3.0.0.d'")
    with pytest.raises(StorageError, match="optuna storage upgrade"):
        open_database(url)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda url: url.replace(":secret", ":secret2"), "password authentication failed"),
        (lambda url: f"{url}s", "does not exist; make it by createdb"),
    ],
    ids=["password", "database"],
)
def test_what_a_server_refuses_is_a_line(
    refused: Callable[..., str], url: str, wrong: Callable[[str], str], message: str
) -> None:
    words = ("--storage", wrong(url))
    for line in (
        refused("status", *words),
        refused("search", "conv-ae", "digits", "--workers", 1, *words),
    ):
        assert message in line
        assert "secret" not in line


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://me:secret@127.0.0.1:1/x", "port 1 failed: Connection refused"),
        ("postgresql+psycopg2://me:secret@h/x", "only psycopg 3 is supported"),
        ("postgresql://me:secret@h:port/x", "is not a database URL"),
        ("redis://:secret@h", "name a PostgreSQL database"),
    ],
)
def test_a_url_that_leads_nowhere_is_a_line(
    refused: Callable[..., str], url: str, message: str
) -> None:
    line = refused("status", "--storage", url)
    assert message in line
    assert "secret" not in line
