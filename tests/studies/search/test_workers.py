"""Several processes on one study: exact totals, whatever dies."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

import latentune
from latentune.storage.trial_outcome import finished_trials
from latentune.studies.search.fork_server import PRELOADED_MODULES
from latentune.studies.study.study_error import StudyError

from ...forked import fork

SMALL = {"epochs": 1, "batch_size": 400}
SPEC = """
import os, signal
from functools import partial
from pathlib import Path
from latentune import TensorData, Objective, StudySpec
from latentune.search_spaces.autoencoder_spaces import conv_ae

def callbacks(trial):
    {training}
    return []

data = partial(TensorData, "digits", batch_size=400)
SPEC = StudySpec("mine", Objective(conv_ae, data, max_epochs=1, callbacks=callbacks))
"""


COUNT_IMPORTS = """
import sys

class Count:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            with open("imports", "a") as file:
                file.write(name)

sys.meta_path.insert(0, Count())
"""
"""A `sitecustomize.py`, which each Python runs when it starts."""


def write_spec(name: str, training: str) -> str:
    """Writes a module with a study whose trials do this before they train."""
    Path(f"{name}.py").write_text(SPEC.format(training=training))
    return f"{name}:SPEC"


def counted(study: optuna.Study) -> list[int]:
    done = finished_trials(study.trials)
    assert all(t.state in (TrialState.COMPLETE, TrialState.PRUNED) for t in done)
    assert not [t for t in study.trials if t.state in (TrialState.RUNNING, TrialState.WAITING)]
    return [trial.number for trial in done]


def test_several_workers_run_the_exact_total_and_no_trial_twice() -> None:
    seen: list[int] = []

    def watch(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        seen.append(trial.number)

    options = {"workers": 4, "callbacks": [watch], **SMALL}
    study = latentune.search("conv-ae", "digits", trials=1, **options)
    waiting = [{"latent_dim": 2 + n} for n in range(12)]
    for params in waiting:
        study.enqueue_trial(params)
    study = latentune.search("conv-ae", "digits", trials=20, **options)
    assert counted(study) == list(range(20))
    assert sorted(seen) == list(range(20))
    assert [t.params["latent_dim"] for t in study.trials[1:13]] == list(range(2, 14))
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 20
    assert Path("runs/conv-ae-digits/best.toml").exists()


def test_a_killed_worker_is_replaced_and_its_trial_resumes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kill = 'if trial.number == 2 and not Path("dead").exists(): '
    kill += 'Path("dead").touch(); os.kill(os.getpid(), signal.SIGKILL)'
    model = write_spec("killed", kill)
    with caplog.at_level(logging.INFO, logger="latentune"):
        study = latentune.search(model, trials=8, workers=2)
    assert len(counted(study)) == 8
    assert study.trials[2].user_attrs["worker_failures"] == [0]
    lines = [record.getMessage() for record in caplog.records]
    (line,) = [line for line in lines if line.startswith("worker")]  # not who waits for a trial
    assert line.endswith("died (SIGKILL); its trial 2 goes on later")


def test_a_worker_that_dies_before_it_says_that_its_trial_ended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kill = 'if trial.number == 2 and not Path("dead").exists(): '
    kill += 'Path("dead").touch(); import latentune.studies.search.trial_loop as loop; '
    kill += "end = loop.finish_trial; "
    kill += "loop.finish_trial = lambda *ways: (end(*ways), os.kill(os.getpid(), signal.SIGKILL))"
    seen: list[int] = []
    with caplog.at_level(logging.INFO, logger="latentune"):
        study = latentune.search(
            write_spec("late", kill),
            trials=5,
            workers=2,
            callbacks=[lambda study, trial: seen.append(trial.number)],
        )
    assert len(counted(study)) == 5
    assert sorted(seen) == list(range(5))
    assert "its trial 2 had ended" in caplog.text


def test_a_worker_stopped_by_another_program_is_replaced() -> None:
    stop = 'if trial.number == 1 and not Path("dead").exists(): '
    stop += 'Path("dead").touch(); os.kill(os.getpid(), signal.SIGTERM)'
    study = latentune.search(write_spec("stopped", stop), trials=5, workers=2)
    assert len(counted(study)) == 5


def test_workers_that_die_again_and_again_end_the_search() -> None:
    model = write_spec("deadly", "os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(
        StudyError, match=r"workers died 4 times .* the last by SIGKILL.*`workers=`"
    ):
        latentune.search(model, trials=8, workers=2)


def test_ctrl_c_leaves_no_trial_running() -> None:
    def interrupt(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if trial.number == 1:
            os.kill(os.getpid(), signal.SIGINT)

    options = {"trials": 12, "workers": 2, **SMALL}
    with pytest.raises(KeyboardInterrupt):
        latentune.search("conv-ae", "digits", callbacks=[interrupt], **options)
    study = optuna.load_study(study_name="conv-ae-digits", storage="sqlite:///runs/studies.db")
    assert len(study.trials) < 12
    assert not [t for t in study.trials if t.state == TrialState.RUNNING]
    assert len(counted(latentune.search("conv-ae", "digits", **options))) == 12


def test_two_first_searches_at_once_share_the_total() -> None:
    search = partial(latentune.search, "conv-ae", "digits", trials=16, **SMALL)
    both = [fork(search) for _ in range(2)]
    ends = [one.end() for one in both]
    assert [code for code, *_ in ends] == [0, 0], ends
    study = optuna.load_study(study_name="conv-ae-digits", storage="sqlite:///runs/studies.db")
    assert counted(study) == list(range(16))


def test_the_command_line_prints_one_line_per_trial(cli: Callable[..., Any]) -> None:
    answer = cli(
        *("search", "conv-ae", "digits", "--trials", 6, "--workers", 2),
        *("--epochs", 1, "--batch-size", 400),
    )
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].split() == ["trial", "val_mse", "best", "epochs", "stopped"]
    assert sorted(int(line.split()[0]) for line in lines[1:7]) == list(range(6))
    assert lines[7].startswith("the last 2 trials ")
    assert lines[8:] == ["next: latentune train conv-ae-digits"]
    assert answer.err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a fork server")
def test_the_command_line_imports_pytorch_once() -> None:
    Path("sitecustomize.py").write_text(COUNT_IMPORTS)
    search = ("search", "mlp", "wine", "--trials", "2", "--epochs", "1", "--workers", "2")
    answer = subprocess.run(
        [sys.executable, "-m", "latentune", *search],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path("imports").read_text() == "torch"
    assert [line.split()[0] for line in answer.stdout.splitlines()[:3]] in (
        ["trial", "0", "1"],
        ["trial", "1", "0"],
    )
    assert answer.stderr == ""


@pytest.mark.parametrize("module", PRELOADED_MODULES)
def test_preloaded_modules_can_be_imported(module: str) -> None:
    # The process that imports them says nothing if it cannot: workers would only be slow.
    assert find_spec(module) is not None
