"""Workers that Linux kills because memory ran out."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from latentune.studies.search import memory_kills
from latentune.studies.search.memory_kills import count_memory_kills

from .disturbed_model import write_spec

Cli = Callable[..., Any]
V2 = {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/memory.events": "oom 3\noom_kill 2\n"}
V1 = {
    "proc/self/cgroup": "4:cpu,memory:/job\n0::/\n",
    "sys/fs/cgroup/memory/job/memory.oom_control": "under_oom 0\noom_kill 5\n",
}
CONTAINER = {
    "proc/self/cgroup": "4:memory:/docker/77\n",
    "sys/fs/cgroup/memory/memory.oom_control": "oom_kill 6\n",
}
NO_GROUP = {"proc/vmstat": "nr_free 1\noom_kill 7\n"}
OLD_KERNEL = {**V1, "sys/fs/cgroup/memory/job/memory.oom_control": "under_oom 0\n", **NO_GROUP}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(memory_kills, "ROOT", tmp_path)
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize(
    ("files", "count"),
    [(V2, 2), (V1, 5), (CONTAINER, 6), (NO_GROUP, 7), (OLD_KERNEL, 7), ({}, None)],
    ids=["v2", "v1", "container", "no group", "old kernel", "no Linux"],
)
def test_the_kernel_counts_kills(files: dict[str, str], count: int | None, root: Path) -> None:
    write(root, files)
    assert count_memory_kills() == count


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals that kill")
def test_a_trial_whose_worker_is_killed_for_its_memory_is_not_tried_again(
    cli: Cli, root: Path
) -> None:
    write(root, V2)
    kill = f"if self.number == 1: Path('{root}/sys/fs/cgroup/job/memory.events').write_text("
    kill += "'oom_kill 3'); os.kill(os.getpid(), signal.SIGKILL)"
    answer = cli("search", write_spec("hungry", kill), "--trials", 5, "--workers", 2)
    assert answer.code == 0, answer.err
    assert "died (out of memory); its trial 1 has failed" in answer.err + answer.out
    study = optuna.load_study(study_name="mine", storage="sqlite:///runs/studies.db")
    trial = study.trials[1]
    assert trial.state == TrialState.FAIL
    assert trial.constraints == {"failed": 1}
    assert trial.user_attrs["stopped"].startswith("out of memory: ")
    assert trial.user_attrs["stopped"].endswith(" parameters, batch of 400")
    assert "worker_failures" not in trial.user_attrs
    assert len(study.trials) == 5
