"""Searches on a Ray cluster, whose nodes are simulated on this machine."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
from optuna.artifacts import get_all_artifact_meta
from optuna.trial import FrozenTrial, TrialState

import latentune
from latentune.studies.running.cluster.desk import Desk
from latentune.studies.running.plan import plan_search

ray = pytest.importorskip("ray")

SMALL = {"epochs": 2, "pruner": "none"}


def worker_processes() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            if "ray::work" in " ".join(process.cmdline()):
                found.append(process)
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    nodes = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False}
    )
    yield nodes
    ray.shutdown()
    nodes.shutdown()


def test_no_trial_is_lost_with_a_worker_or_a_node(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    second = cluster.add_node(num_cpus=2)
    ended: list[int] = []

    def befall(study: optuna.Study, trial: FrozenTrial) -> None:
        ended.append(trial.number)
        if len(ended) == 2:
            os.kill(worker_processes()[0].pid, signal.SIGKILL)
        if len(ended) == 4:
            cluster.remove_node(second, allow_graceful=False)
            cluster.add_node(num_cpus=2)

    study = latentune.search(
        *("conv-ae", "digits"),
        trials=12,
        workers=4,
        cluster=cluster.address,
        callbacks=[befall],
        **SMALL,
    )
    assert sorted(ended) == list(range(12))
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 12
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 12
    assert any(trial.user_attrs.get("deaths") for trial in study.trials)
    for trial in study.trials:
        (picture,) = get_all_artifact_meta(trial, storage=study._storage)
        assert (tmp_path / "runs" / "artifacts" / picture.artifact_id).stat().st_size
    assert not list(tmp_path.glob("runs/cache/scratch-*"))
    assert not worker_processes()


def test_the_desk_hands_over_at_once_what_it_was_told(tmp_path: Path) -> None:
    async def heard() -> list[tuple[str, str, Any]]:
        desk = Desk(plan_search("conv-ae", "digits", runs=tmp_path), tmp_path)
        await desk.tell("0.1", "left", None)
        return await desk.collect(0)

    assert asyncio.run(heard()) == [("0.1", "left", None)]
