"""Failures of a search: bugs of a model, full disks, and databases that are gone."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from errno import ENOSPC
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
from optuna.trial import TrialState

import latentune
from latentune.storage import sqlite_file as sqlite
from latentune.storage.atomic_write import write_text
from latentune.storage.database import DatabaseLostError
from latentune.storage.storage_error import StorageError
from latentune.storage.trial_outcome import finished_trials
from latentune.studies.training import network_plots

from ...forked import command, fork
from .disturbed_model import trial_states, write_spec

Cli = Callable[..., Any]
URL = "sqlite:///runs/studies.db"
SMALL = {"epochs": 1, "batch_size": 400}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bug_fails_its_trial_alone(cli: Cli, workers: int) -> None:
    bug = 'if self.number in (1, 3): raise RuntimeError(f"shapes {self.number} differ")'
    words = ("search", write_spec(f"buggy{workers}", bug), "--trials", 6, "--workers", workers)
    answer = cli(*words)
    assert answer.code == 0, answer.err
    assert "RuntimeError: shapes 1 differ" in answer.out
    assert "2 trials failed: 2 x RuntimeError: shapes" in answer.out
    assert answer.out.endswith("next: latentune train mine\n")
    study = optuna.load_study(study_name="mine", storage=URL)
    assert [t.number for t in study.trials if t.state == TrialState.FAIL] == [1, 3]
    assert len(study.trials) == 6
    assert f"buggy{workers}.py" in Path("runs/mine/failures/trial-1.txt").read_text()
    assert "shapes 1 differ" in cli("status", "mine").out


@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_that_always_raises_ends_the_search_after_three_trials(
    cli: Cli, workers: int
) -> None:
    bug = 'if self.trainer.max_epochs > 1: raise RuntimeError(f"shapes {self.number} differ")'
    words = ("search", write_spec(f"always{workers}", bug), "--trials", 20, "--workers", workers)
    answer = cli(*words)
    assert answer.code == 2
    assert "3 trials failed and none succeeded: 3 x RuntimeError: shapes" in answer.err
    assert answer.err.count("\n") == 1
    named = answer.err.split("(traceback in ")[1].strip(")\n")
    assert f"always{workers}.py" in Path(named).read_text()
    states = trial_states(optuna.load_study(study_name="mine", storage=URL))
    # One worker may meet it while the other has met it for the third time.
    assert 3 <= states.count(TrialState.FAIL) <= 2 + workers


def test_ten_failures_in_a_row_end_the_search_and_say_what_they_have_in_common(cli: Cli) -> None:
    large = "if self.number > 2: raise torch.OutOfMemoryError('CUDA out of memory.')"
    answer = cli("search", write_spec("large", large), "--trials", 30, "--workers", 1)
    assert answer.code == 2
    assert "the last 10 trials failed: 10 x out of memory: 68,849 parameters, batch" in answer.err
    assert "narrow the space by --range, or repeat the command to go on" in answer.err
    states = trial_states(optuna.load_study(study_name="mine", storage=URL))
    assert states.count(TrialState.FAIL) == 10


def test_a_model_that_raises_in_half_of_its_space_is_searched_to_the_end(cli: Cli) -> None:
    bug = 'if self.hparams.lr > 5e-3: raise RuntimeError("diverged at once")'
    model = write_spec("halved", bug, epochs=1)
    answer = cli("search", model, "--trials", 20, "--workers", 1)
    assert answer.code == 0, answer.err
    study = optuna.load_study(study_name="mine", storage=URL)
    assert len(study.trials) == 20
    states = trial_states(study)
    assert states[:10].count(TrialState.FAIL) > 3
    assert states[10:].count(TrialState.FAIL) < states[:10].count(TrialState.FAIL)
    cause = "RuntimeError: diverged at once): lr >= 0.005"
    assert cause in answer.out + answer.err
    assert cause in cli("status", "mine").out
    assert cause in cli("doctor", "mine").out


@pytest.mark.parametrize(
    "error",
    [
        "torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB')",
        "torch.ones(2**50)",
        "MemoryError('Unable to allocate 8.00 EiB')",
    ],
)
def test_a_trial_that_runs_out_of_memory_says_its_size(error: str) -> None:
    statement = error if error.startswith("torch.ones") else f"raise {error}"
    study = latentune.search(write_spec("big", f"if self.number == 1: {statement}"), trials=3)
    assert trial_states(study)[1] == TrialState.FAIL
    assert (
        study.trials[1].user_attrs["stopped"] == "out of memory: 68,849 parameters, batch of 400"
    )
    assert study.trials[1].constraints == {"failed": 1}
    assert not Path("runs/mine/failures").exists()


def test_a_bug_in_a_space_fails_its_trial_too() -> None:
    model = write_spec("spacy", "pass")
    text = Path("spacy.py").read_text()
    late = '    study = getattr(trial, "study", None)\n'
    late += (
        '    if study and study.study_name == "mine" and trial.number == 1: raise KeyError("x")\n'
    )
    late += "    return net"
    Path("spacy.py").write_text(text.replace("    return net", late))
    study = latentune.search(model, trials=3)
    assert trial_states(study).count(TrialState.FAIL) == 1
    assert study.trials[1].user_attrs["stopped"] == "KeyError: 'x'"


def test_a_deleted_database_is_an_error(cli: Cli) -> None:
    gone = 'if self.number == 1: shutil.rmtree("runs", ignore_errors=True)'
    answer = cli("search", write_spec("gone", gone), "--trials", 4)
    assert answer.code == 1
    assert "was deleted or replaced during the search" in answer.err
    assert answer.err.count("\n") == 1
    assert "next:" not in answer.out


def test_a_folder_deleted_during_plotting_is_a_deleted_database(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        shutil.rmtree("runs")
        raise FileNotFoundError("the picture")

    monkeypatch.setattr(network_plots, "plot_network", gone)
    answer = cli("search", write_spec("undrawn", "pass"), "--trials", 1)
    assert answer.code == 1
    assert "was deleted or replaced during the search" in answer.err


def test_a_replaced_database_is_an_error() -> None:
    swap = 'Path("runs/studies.db").rename("old.db"); shutil.copy("old.db", "runs/studies.db")'
    model = write_spec("swapped", f"if self.number == 1 and not Path('old.db').exists(): {swap}")
    with pytest.raises(DatabaseLostError, match="deleted or replaced"):
        latentune.search(model, trials=4)


def test_no_trial_is_lost_when_the_disk_is_full_during_plotting(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    model = write_spec("plotted", "pass")
    with monkeypatch.context() as patch:
        patch.setattr(network_plots, "plot_network", full)
        answer = cli("search", model, "--trials", 1)
    assert answer.code == 2
    assert "No space left on device" in answer.err
    assert trial_states(latentune.search(model, trials=1)) == [TrialState.COMPLETE]


def test_a_traceback_that_does_not_fit_on_the_disk_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:  # the file is written by then, under another name
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_text(Path("failures/trial-0.txt"), "a traceback")
    assert not Path("failures").exists()


def test_a_busy_database_ends_the_search_and_loses_no_trial(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.1)
    busy = "if self.number == 1 and not Path('busy').exists(): Path('busy').touch(); "
    busy += "import builtins, sqlite3; builtins.held = sqlite3.connect('runs/studies.db'); "
    busy += "builtins.held.execute('BEGIN EXCLUSIVE')"
    words = ("search", write_spec("busy", busy), "--trials", 3)
    answer = cli(*words)
    assert answer.code == 2
    assert "the database failed (database is locked)" in answer.err
    import builtins

    builtins.held.close()  # type: ignore[attr-defined]
    with closing(sqlite3.connect("runs/studies.db")) as connection, connection:
        connection.execute("UPDATE trial_heartbeats SET heartbeat = datetime('now', '-1 hour')")
    assert cli(*words).code == 0
    study = optuna.load_study(study_name="mine", storage=URL)
    counted = finished_trials(study.trials)
    assert len(counted) == 3
    assert TrialState.FAIL not in [trial.state for trial in counted]


def test_a_database_error_of_a_worker_is_reported(cli: Cli) -> None:
    fail = "if self.number == 1: "
    fail += "from optuna.exceptions import StorageInternalError as Guess; "
    fail += "from sqlalchemy.exc import OperationalError as Said; "
    fail += "raise Guess('invalid data') from Said('INSERT', {}, Exception('disk is full'))"
    answer = cli("search", write_spec("failing", fail), "--trials", 2, "--workers", 2)
    assert answer.code == 2
    assert "the database failed (disk is full); the same command continues" in answer.err


def test_a_full_disk_in_the_middle_of_a_trial_is_one_line() -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    model = write_spec("full", f"if self.number == 1: {full}")
    code, _, err = fork(command, "search", model, "--trials", 3, "--workers", 1).end()
    assert code == 2, err
    assert err.count("\n") == 1, err
    assert "latentune: " in err
    assert list(Path("runs/cache").glob("scratch-*")) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals that kill")
def test_a_search_survives_the_death_of_its_fork_server(cli: Cli) -> None:
    def kill(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        for child in psutil.Process().children():
            if trial.number == 1 and "forkserver" in " ".join(child.cmdline()):
                child.kill()

    study = latentune.search("conv-ae", "digits", trials=6, workers=2, callbacks=[kill], **SMALL)
    assert len(finished_trials(study.trials)) == 6
    assert TrialState.RUNNING not in trial_states(study)


def test_a_killed_search_leaves_nothing_behind(request: pytest.FixtureRequest) -> None:
    place = Path(tempfile.mkdtemp())  # a socket's path must be short
    request.addfinalizer(partial(shutil.rmtree, place))
    words = [sys.executable, "-m", "latentune", "search", "conv-ae", "digits", "--workers", "2"]
    words += ["--trials", "50", "--epochs", "30", "--batch-size", "100", "--pruner", "none"]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(place)}
    )
    assert process.stdout is not None
    children: list[psutil.Process] = []
    for line in process.stdout:
        if line.lstrip().startswith("0 "):
            children = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            break
    process.communicate()
    assert len(children) > 2
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
    study = optuna.load_study(study_name="conv-ae-digits", storage=URL)
    assert TrialState.RUNNING not in trial_states(study)
    ends = {trial.user_attrs.get("stopped") for trial in finished_trials(study.trials)}
    assert ends <= {"all epochs", "interrupted"}
    assert list(Path("runs/cache").glob("scratch-*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(place))
        patch.setattr("tempfile.tempdir", None)
        latentune.search("conv-ae", "digits", name="other", trials=1, **SMALL)
    assert list(Path("runs/cache").glob("scratch-*")) == []
    assert list(place.iterdir()) == []
    assert [p for p in Path("runs/artifacts").iterdir() if not p.stat().st_size] == []
