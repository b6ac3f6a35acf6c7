"""Disturbances of a search do not change its result; `benchmarks.chaos` makes hundreds."""

import errno
import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
import pytorch_lightning as pl
from optuna.trial import FrozenTrial

import latentune
from latentune.objectives import resumable_checkpoint as last_epoch
from latentune.studies.search.fork_server import process_context, start_fork_server
from latentune.studies.search.trial_lease import CheckLease

SMALL: dict[str, Any] = {"trials": 3, "epochs": 3, "batch_size": 400}
DATABASE = Path("runs/studies.db")
LAST = Path("runs/cache/trials/conv-ae-digits")

Watch = Callable[[optuna.Study, FrozenTrial], None]


def search(*callbacks: Watch, runs: Path = Path("runs")) -> optuna.Study:
    return latentune.search("conv-ae", "digits", runs=runs, callbacks=callbacks, **SMALL)


def outcomes(study: optuna.Study) -> list[Any]:
    return [[t.state, t.params, t.values, t.intermediate_values] for t in study.trials]


def at(number: int, act: Callable[[], object]) -> Watch:
    """Acts once a trial has finished."""

    def watch(study: optuna.Study, trial: FrozenTrial) -> None:
        if trial.number == number:
            act()

    return watch


def killed() -> None:
    """Searches in a process of its own, which is killed in the second epoch of trial 0."""

    def die(self: CheckLease, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if (self.lease.trial.number, trainer.current_epoch) == (0, 1):
            os.kill(os.getpid(), signal.SIGKILL)

    CheckLease.on_train_epoch_start = die  # type: ignore[method-assign]
    search()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What a search finds that nobody disturbs."""
    return outcomes(search(runs=tmp_path_factory.mktemp("undisturbed") / "runs"))


def check(study: optuna.Study, undisturbed: list[Any]) -> None:
    """Each trial is there once, with its values, and nothing is left of what it needed."""
    assert outcomes(study) == undisturbed
    assert all(trial.state.is_finished() for trial in study.trials)
    with closing(sqlite3.connect(DATABASE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not LAST.parent.exists()
    assert not [path for path in Path("runs").rglob("*") if "partial" in path.name]
    assert not list(Path("runs/cache").glob("scratch-*"))


@pytest.fixture(scope="module")
def killed_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("killed")
    start_fork_server()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        process = process_context.Process(target=killed)
        process.start()
        process.join()
    assert process.exitcode == -signal.SIGKILL
    return place / "runs"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals that kill")
@pytest.mark.parametrize("event", ["nothing", "truncated", "deleted after the check"])
def test_a_killed_search_has_the_result_of_an_undisturbed_one(
    undisturbed: list[Any], killed_runs: Path, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(killed_runs, "runs")
    (kept,) = LAST.glob("*")
    if event == "truncated":
        os.truncate(kept, 5000)
    if event == "deleted after the check":
        find_resumable = last_epoch.LastEpochCheckpoint.find_resumable

        def deleted(
            self: last_epoch.LastEpochCheckpoint, model: pl.LightningModule
        ) -> Path | None:
            found = find_resumable(self, model)
            self.path.unlink(missing_ok=True)
            return found

        monkeypatch.setattr(last_epoch.LastEpochCheckpoint, "find_resumable", deleted)
    study = search()
    assert study.trials[0].user_attrs["worker_failures"] == [1]
    check(study, undisturbed)


def test_a_search_waits_for_a_locked_database(undisturbed: list[Any]) -> None:
    locks = []

    def lock() -> None:
        other = sqlite3.connect(DATABASE, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN EXCLUSIVE")
        locks.append(threading.Timer(0.3, other.close))
        locks[0].start()

    check(search(at(0, lock)), undisturbed)
    locks[0].join()


def test_a_search_survives_deleted_artifacts(undisturbed: list[Any]) -> None:
    folder = Path("runs/artifacts")

    def delete() -> None:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    check(search(at(0, delete)), undisturbed)
    assert len(list(folder.iterdir())) > 1, "the trials after that have theirs"


def test_a_trial_survives_a_disk_that_is_full_when_its_epoch_is_saved(
    undisturbed: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fill(trainer: pl.Trainer, partial: Path, weights_only: bool) -> None:
        partial.write_bytes(bytes(1000))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pl.Trainer, "save_checkpoint", fill)
    check(search(), undisturbed)
    assert "No space left on device" in caplog.text
