"""Checks what commands say of a database with one bad cell: for each column and each bad value.

    python -m benchmarks.cells

The benchmark makes a small database without any training. Then it writes each bad value into one
row of each column of Optuna's tables, and runs every command that reads a database, and the
import of a zip that was made from it. Each command must end with code 0, 1 or 2 and at most one
line of error, and the doctor must name the table, the column and the row.
"""

import io
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial

from latentune.storage.database import open_database
from latentune.storage.optuna_internals import set_system_attribute, study_id, tables, trial_id
from latentune.studies.cli import app as command_line

STUDY = "small"
LAST_ROWS = 3  # which are of the study that is ours
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("status",),
    ("status", STUDY),
    ("best", STUDY),
    ("export", STUDY),
    ("export", STUDY, "--format", "json"),
    ("doctor",),
    ("export", STUDY, "--to", "small.zip"),
    ("import", "small.zip", "--runs", "far"),
)
VALUES: dict[str, Any] = {
    "null": None,
    "text": "X",
    "empty": "",
    "control": "a\x1b[2Jb",
    "nul": "a\0b",
    "blob": b"\xff\x00",
    "real": 1.5,
    "huge": 2**62,
    "huge real": 1e300,
    "infinite": float("inf"),
    "negative": -5,
    "other id": 77,
    "not json": "{",
    "deep json": "[" * 100_000,
    "deep and whole": "[" * 500 + "]" * 500,
    "long number": "9" * 5000,
    "json number": "5",
    "json list": "[[1]]",
    "json null": "null",
    "json table": '{"name": "X", "attributes": {}}',
    "lone surrogate": '"\\ud800"',
    "year 1": "0001-01-01 00:00:00.000000",
    "year 9999": "9999-12-31 23:59:59.999999",
    "time zone": "2026-01-01 00:00:00+02:00",
    "waiting": "WAITING",
    "failed": "FAIL",
    "maximize": "MAXIMIZE",
    "not set": "NOT_SET",
    "infinite type": "INF_POS",
}


class Cell(NamedTuple):
    """A cell of the small database, and the bad value that is written into it."""

    table: str
    column: str
    row: int
    value: str


class Ended(NamedTuple):
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str


def make_small(runs: Path) -> None:
    """Makes a database with rows in every table: our study, and a study of another program."""
    runs.mkdir(parents=True)
    storage = open_database(f"sqlite:///{runs / 'studies.db'}", create=True)
    theirs = optuna.create_study(study_name="theirs", storage=storage)
    storage.create_new_trial(study_id(theirs))
    study = optuna.create_study(study_name=STUDY, storage=storage)
    for name, value in {
        "command": "latentune search conv-ae digits",
        "recipe": {"model": "conv-ae", "data": "digits", "space": "default", "seed": 0},
        "metrics": {"val_mse": "minimize"},
        "definition": {"metric": "minimize val_mse"},
    }.items():
        study.set_user_attr(name, value)
    own: dict[str, Any] = {"study:metric_names": ["val_mse"]}
    own |= {"dashboard:note_ver": 1, "dashboard:note_str:0": "a note"}
    for name, found in own.items():
        set_system_attribute(study, name, found)
    ranges = {
        "lr": FloatDistribution(1e-4, 1e-1, log=True),
        "width": IntDistribution(1, 9),
        "kind": CategoricalDistribution(("a", None, 2)),
    }
    for number in range(4):
        study.add_trial(
            create_trial(
                state=TrialState.PRUNED if number == 3 else TrialState.COMPLETE,
                value=0.5 - 0.1 * number,
                params={
                    "lr": 1e-3 * (1 + number),
                    "width": 1 + number,
                    "kind": ("a", None)[number % 2],
                },
                distributions=ranges,
                intermediate_values={1: 0.9, 2: 0.5 - 0.1 * number},
                user_attrs={
                    "provenance": {"seed": number, "data_fingerprint": "0", "versions": {}},
                    "hparams": {"lr": 1e-3},
                    "epochs": 2,
                    "best_epoch": 2,
                    "parameters": 10,
                    "stopped": "all epochs",
                },
                system_attrs={"fixed_params": {"lr": 1e-3}, "constraints": [0.0]},
            )
        )
    study.enqueue_trial({"lr": 1e-2})
    assert isinstance(storage, RDBStorage)
    storage.record_heartbeat(trial_id(study.trials[0]))
    storage.remove_session()
    storage.engine.dispose()


def cells(database: Path) -> Iterator[Cell]:
    """Yields each column of each table with each bad value, for one of the last rows."""
    with closing(sqlite3.connect(database)) as connection:
        for name, table in tables().items():
            rows = [row for (row,) in connection.execute(f'SELECT rowid FROM "{name}"')]
            for column in table.columns:
                for number, value in enumerate(VALUES):
                    row = rows[-1 - number % min(len(rows), LAST_ROWS)]
                    yield Cell(name, column.name, row, value)


def write(cell: Cell, connection: sqlite3.Connection) -> bool:
    """Writes a bad value; returns False if SQLite rejects it or the cell does not change."""
    connection.execute("PRAGMA ignore_check_constraints=ON")
    where = f'"{cell.table}" WHERE rowid = ?'
    read = f"SELECT {cell.column} FROM {where}"
    before = connection.execute(read, [cell.row]).fetchone()
    try:
        connection.execute(
            f'UPDATE "{cell.table}" SET {cell.column} = ? WHERE rowid = ?',
            [VALUES[cell.value], cell.row],
        )
    except (sqlite3.IntegrityError, sqlite3.OperationalError):
        return False
    return bool(connection.execute(read, [cell.row]).fetchone() != before)


def run(*words: str) -> Ended:
    """Runs a command in this process.

    Raises:
        Exception: The exception that the command did not turn into a line of error.
    """
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["latentune", *words]
    with redirect_stdout(out), redirect_stderr(err):
        try:
            command_line.main()
        except SystemExit as end:
            return Ended(int(end.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("a command returned")


def complaints(cell: Cell, commands: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """Yields the faults of commands that read the database of the working folder."""
    for words in commands:
        if words[0] == "import" and not Path("small.zip").exists():
            continue
        try:
            ended = run(*words)
        except Exception as error:
            yield f"{' '.join(words)} ends in {type(error).__name__}: {error!s:.80}"
            continue
        if ended.code not in (0, 1, 2) or ended.err.count("\n") > 1:
            yield f"{' '.join(words)} ends with {ended.code}: {ended.err!r:.200}"
        said = ended.out + ended.err
        if words == ("doctor",) and not is_allowed(cell) and not is_named(cell, said):
            yield f"the doctor does not name it: {said!r:.200}"


def is_allowed(cell: Cell) -> bool:
    """Returns True if Optuna could have written the value into this column."""
    text = isinstance(VALUES[cell.value], str) and cell.value not in ("empty", "control", "nul")
    number = cell.value in ("real", "huge", "huge real", "infinite", "negative", "other id")
    if cell.column in ("study_name", "key", "param_name", "library_version"):
        return text or number  # SQLite makes a text of it
    if cell.column in ("number", "step", "objective") or cell.column.endswith("_id"):
        return cell.value in ("other id", "json number")
    if cell.column in ("value_json", "param_value"):
        return cell.value in ("other id", "json number")
    if cell.column in ("value", "intermediate_value"):
        return cell.value in ("real", "huge", "huge real", "negative", "other id", "json number")
    return False


def is_named(cell: Cell, said: str) -> bool:
    """Returns True if the doctor names a cell, or the rows that refer to it."""
    return f"{cell.table}.{cell.column} of row" in said or f"of {cell.table}" in said


@click.command()
@click.option("--column", help="TABLE.COLUMN, if not all of them.")
@click.option("--share", default=1.0, help="Share of the cells that is tried, at random.")
def main(column: str | None, share: float) -> None:
    """Tries each cell with each value, and prints the faults."""
    counts: Counter[str] = Counter()
    drawn = random.Random(0)
    with tempfile.TemporaryDirectory() as place:
        make_small(Path(place) / "whole")
        for cell in cells(Path(place) / "whole" / "studies.db"):
            if column not in (None, f"{cell.table}.{cell.column}") or drawn.random() > share:
                continue
            folder = Path(tempfile.mkdtemp(dir=place))
            shutil.copytree(Path(place) / "whole", folder / "runs")
            with closing(sqlite3.connect(folder / "runs" / "studies.db")) as connection:
                possible = write(cell, connection)
                connection.commit()
            if not possible:
                counts["not possible"] += 1
                continue
            os.chdir(folder)
            counts["cells"] += 1
            for line in complaints(cell, COMMANDS):
                counts["complaints"] += 1
                print(f"{cell}: {line}", flush=True)
            os.chdir(place)
            shutil.rmtree(folder)
    print(dict(counts), datetime.now().isoformat(timespec="seconds"))


if __name__ == "__main__":
    main()
