"""Checks that a repair that is killed at any moment leaves an intact database and can be undone.

    python -m benchmarks.doctor --kills 200

A small study is searched and trained. Then the benchmark plants faults again and again, and runs
`doctor(fix=True)` in a process that is killed after a random time. Afterwards the database must be
intact and have every finished trial. If there is a backup, `doctor(undo=True)` is killed at random
too and then run to its end; it must restore every file bit for bit, and every page of the
database.
"""

import os
import random
import shutil
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click
import optuna
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial

import latentune
from latentune.storage.database import open_database
from latentune.storage.sqlite_snapshot import fingerprint

STUDY = "conv-ae-digits"


def plant(runs: Path, name: str = STUDY) -> None:
    """Makes a record without a picture, a waiting point that was tried, and misplaced files."""
    storage = open_database(f"sqlite:///{runs / 'studies.db'}")
    study = optuna.load_study(study_name=name, storage=storage)
    first = study.trials[0]
    given = {"fixed_params": first.params}
    study.add_trial(create_trial(state=TrialState.WAITING, system_attrs=given))
    assert isinstance(storage, RDBStorage)
    storage.remove_session()
    storage.engine.dispose()
    with sqlite3.connect(runs / "studies.db") as connection:
        connection.execute("INSERT INTO trial_params VALUES (9999, 9999, 'lr', 0.1, '{}')")
    connection.close()
    next((runs / "artifacts").iterdir()).unlink()
    best = runs / name / "best.toml"
    best.write_text(best.read_text()[:-40])
    for i in range(50):
        (runs / "artifacts" / f"lost-{i}").write_text("x" * 1000)
    os.truncate(runs / name / "final" / "model.ckpt", 1000)


def contents(runs: Path) -> dict[Path, bytes | str]:
    passing = (".lock", "-shm", "-wal")
    files = [p for p in runs.rglob("*") if p.is_file() and not p.name.endswith(passing)]
    return {
        p.relative_to(runs): fingerprint(p) if p.suffix == ".db" else p.read_bytes() for p in files
    }


def run_and_kill(work: Callable[[], object], after: float) -> bool:
    """Runs a function in a new process; returns True if it was killed before its end."""
    child = os.fork()
    if not child:
        os._exit(0 if work() else 1)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@click.command()
@click.option("--kills", default=200)
@click.option("--seed", default=0)
def main(kills: int, seed: int) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        sound, runs = Path(place) / "sound", Path(place) / "runs"
        latentune.search("conv-ae", "digits", trials=3, epochs=1, pruner="none", runs=sound)
        latentune.train(STUDY, epochs=1, runs=sound)
        ends: Counter[str] = Counter()
        shutil.copytree(sound, runs)
        plant(runs)
        repair_s = seconds(lambda: latentune.doctor(fix=True, runs=runs))
        undo_s = seconds(lambda: latentune.doctor(undo=True, runs=runs))
        while ends["killed"] < kills:
            shutil.rmtree(runs, ignore_errors=True)
            shutil.copytree(sound, runs)
            plant(runs)
            before = contents(runs)
            after = rng.uniform(0.3, 1.2) * repair_s  # it looks for long before it changes a thing
            ends["killed"] += run_and_kill(lambda: latentune.doctor(fix=True, runs=runs), after)
            with sqlite3.connect(runs / "studies.db") as connection:
                (whole,) = connection.execute("PRAGMA integrity_check").fetchone()
                complete = "SELECT COUNT(*) FROM trials WHERE state = 'COMPLETE'"
                assert (whole, *connection.execute(complete).fetchone()) == ("ok", 3)
            connection.close()
            if not list(runs.glob("backups/*/before")):
                # What is left of a copy that was not completed.
                shutil.rmtree(runs / "backups", ignore_errors=True)
                ends["before anything was changed"] += 1
            else:
                after = rng.uniform(0, 1.2) * undo_s
                ends["undo killed"] += run_and_kill(
                    lambda: latentune.doctor(undo=True, runs=runs), after
                )
                if list(runs.glob("backups/*/before")):
                    latentune.doctor(undo=True, runs=runs)
                shutil.rmtree(runs / "backups", ignore_errors=True)
                ends["put back"] += 1
            after_all = contents(runs)
            differing = {p for p in before | after_all if before.get(p) != after_all.get(p)}
            assert not differing, differing
        print(f"{dict(ends)}; every file was what it had been")


if __name__ == "__main__":
    main()
