"""Searches on a Ray cluster, whose nodes are simulated on this machine."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
import torch
from optuna.artifacts import get_all_artifact_meta
from optuna.trial import FrozenTrial, TrialState

import latentune
from latentune.storage.runs_folder import Runs
from latentune.studies.cluster import ray_cluster
from latentune.studies.cluster.coordinator_actor import CoordinatorActor
from latentune.studies.study.study_error import StudyError

ray = pytest.importorskip("ray")

SMALL = {"epochs": 2, "pruner": "none"}


def outcome(trial: FrozenTrial) -> tuple[Any, ...]:
    return trial.state, trial.params, trial.values, trial.intermediate_values


def worker_processes() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            if "ray::run_ray_worker" in " ".join(process.cmdline()):
                found.append(process)
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    options = {
        "worker_niceness": 0,  # it is 15, with which workers hardly run beside other tests
        "health_check_initial_delay_ms": 500,  # a node is dead after 2 s without an answer, not 20
        "health_check_period_ms": 500,
        "health_check_failure_threshold": 4,
    }
    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": options}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    nodes.add_node(num_cpus=2)
    yield nodes
    ray.shutdown()
    nodes.shutdown()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ray://head:10001", "ray job submit"),
        ("127.0.0.1:1", "there is no cluster at 127.0.0.1:1"),
        ("somewhere", "--cluster is auto or HOST:PORT, not 'somewhere'"),
    ],
)
def test_without_a_cluster_nothing_is_written(
    address: str, said: str, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "CONNECT_TIMEOUT_S", 0.5)
    assert said in refused("search", "conv-ae", "digits", "--cluster", address)


def test_this_machine_has_to_be_a_node(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(**options: Any) -> None:
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr(ray, "init", none)  # there may be one of somebody else
    said = refused("search", "conv-ae", "digits", "--cluster", "auto")
    assert "this machine is no node of a cluster: start one by `ray start --head`" in said


def test_ray_is_an_extra(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    said = refused("search", "conv-ae", "digits", "--cluster", "auto")
    assert "--cluster needs Ray: pip install 'latentune[ray]'" in said


def test_resources_of_a_worker_need_a_cluster(refused: Callable[..., str], trained: Path) -> None:
    assert "name the cluster by --cluster" in refused("search", "conv-ae", "digits", "--gpus", "1")
    assert "add --seeds" in refused("train", "conv-ae-digits", "--cluster", "auto")


def test_another_version_of_ray_is_reported(
    cluster: Any, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ray._private.utils.compute_version_info", lambda: ("1.0.0", "3.9.1", "none")
    )
    said = refused("search", "conv-ae", "digits", "--cluster", cluster.address)
    assert "the cluster runs other versions" in said
    assert "3.9.1" in said
    assert ray.__version__ in said


def test_a_worker_may_not_need_more_than_a_node_has(
    cluster: Any, refused: Callable[..., str]
) -> None:
    where = ("--cluster", cluster.address)
    assert "takes 1 GPUs" in refused("search", "conv-ae", "digits", *where, "--gpus", "1")
    assert "than 2: ask" in refused("search", "conv-ae", "digits", *where, "--cpus", "3")


def test_a_spec_has_the_same_result_and_the_same_bugs_on_a_cluster(cluster: Any) -> None:
    Path("constants.py").write_text("LATENT = 3\n")
    Path("elsewhere.py").write_text(
        "import latentune, optuna\n"
        "from functools import partial\n"
        "from constants import LATENT\n"
        "def space(trial, data):\n"
        "    if isinstance(trial, optuna.Trial) and trial.study.study_name == 'faulty':\n"
        "        raise ValueError('too much')\n"
        "    lr = trial.suggest_float('lr', 1e-3, 1e-2)\n"
        "    return latentune.Autoencoder(data, latent_dim=LATENT, lr=lr)\n"
        "data = partial(latentune.TensorData, 'digits')\n"
        "objective = latentune.Objective(space, data, max_epochs=1)\n"
        "SPEC = latentune.StudySpec('elsewhere', objective, trials=3)\n"
        "FAULTY = latentune.StudySpec('faulty', objective, trials=4)\n"
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as many as a worker takes
    try:
        here = latentune.search("elsewhere:SPEC", runs="here", workers=1)
    finally:
        torch.set_num_threads(threads)
    there = latentune.search("elsewhere:SPEC", cluster=cluster.address, workers=1)
    assert [trial.user_attrs["hparams"]["latent_dim"] for trial in there.trials] == [3] * 3
    assert [outcome(trial) for trial in there.trials] == [outcome(trial) for trial in here.trials]
    with pytest.raises(StudyError, match="none succeeded: 3 x ValueError: too much"):
        latentune.search("elsewhere:FAULTY", cluster=cluster.address, workers=1)
    assert "too much" in Path("runs/faulty/failures/trial-0.txt").read_text()


def test_independent_trainings_run_on_the_cluster(
    cluster: Any, cli: Callable[..., Any], trained: Path
) -> None:
    where = ("--cluster", cluster.address)
    assert "confirmed" in cli("confirm", "conv-ae-digits", "--seeds", 2, "--top", 2, *where).out
    there: dict[str, Any] = {"cluster": cluster.address, "cpus": 2}
    trained = latentune.train("conv-ae-digits", epochs=1, seeds=2, pictures="none", **there)
    assert len(trained.metrics["seeds"]) == 2
    assert trained.metrics["std"]["test_mse"] > 0
    report = latentune.compare(
        "digits",
        ["conv-ae-digits"],
        labels=[50],
        seeds=2,
        epochs=1,
        cluster=cluster.address,
    )
    assert list(report.table["start"]) == ["from scratch", "conv-ae-digits"]


def test_no_trial_is_lost_when_a_worker_or_a_node_dies(
    cluster: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    second = cluster.add_node(num_cpus=1)
    (raylet,) = second.all_processes["raylet"]
    ended: list[int] = []
    disturbed: list[str] = []

    def disturb(study: optuna.Study, trial: FrozenTrial) -> None:
        ended.append(trial.number)
        workers = worker_processes()
        of_second = [worker for worker in workers if worker.ppid() == raylet.process.pid]
        others = [worker for worker in workers if worker not in of_second]
        if len(ended) >= 2 and others and "worker" not in disturbed:
            os.kill(others[0].pid, signal.SIGKILL)
            disturbed.append("worker")
        elif len(ended) >= 4 and of_second and "node" not in disturbed:
            cluster.remove_node(second, allow_graceful=False)
            cluster.add_node(num_cpus=1)
            disturbed.append("node")

    study = latentune.search(
        *("conv-ae", "digits"),
        trials=16,
        workers=3,
        cluster=cluster.address,
        callbacks=[disturb],
        **SMALL,
    )
    assert sorted(ended) == list(range(16))
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 16
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 16
    assert "died (its process was killed)" in caplog.text
    assert "died (its node died)" in caplog.text
    for trial in study.trials:
        (picture,) = get_all_artifact_meta(trial, storage=study._storage)
        assert (tmp_path / "runs" / "artifacts" / picture.artifact_id).stat().st_size
    assert not list(tmp_path.glob("runs/cache/scratch-*"))
    assert not worker_processes()


def test_the_actor_returns_messages_without_waiting(tmp_path: Path) -> None:
    async def messages() -> list[tuple[str, str, Any]]:
        actor = CoordinatorActor(
            "study", f"sqlite:///{tmp_path}/studies.db", Runs(tmp_path), None, tmp_path
        )
        await actor.send("0.1", "finished_work", None)
        return await actor.receive(0)

    assert asyncio.run(messages()) == [("0.1", "finished_work", None)]
