"""Workers in tasks of a Ray cluster; they send messages to the coordinator through an actor."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import (
    NodeDiedError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    RuntimeEnvSetupError,
    TaskCancelledError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ...storage.database_urls import absolute, is_file
from ...storage.lock_wait import Lock
from ...storage.runs_folder import Runs
from ...storage.trial_outcome import OUT_OF_MEMORY
from ..cluster.coordinator_actor import COORDINATOR, CoordinatorActor
from ..cluster.database_proxy import serve_database
from ..cluster.payload import pack_payload, recipe_files
from ..study.study_error import StudyError
from .ray_worker import ActorLock, CoordinatorNode, call_actor, run_ray_worker
from .search_plan import SearchPlan
from .worker_pool import Message

FAILURE_REASONS: dict[type[RayError], str] = {
    NodeDiedError: "its node died",
    OutOfMemoryError: OUT_OF_MEMORY,
    WorkerCrashedError: "its process was killed",
}
MAX_ACTOR_CALLS = 10_000  # simultaneous calls; each worker waits in two of them


@dataclass
class _RayWorker:
    """A worker and its Ray task. `is_connected` is True once the task runs on a node."""

    index: int
    task: Any
    is_connected: bool = False
    has_finished: bool = False


class RayBackend:
    """Starts workers on the nodes of the cluster that this process has joined.

    If no node is free, a task waits, so nodes that join the cluster later get work. Ray reports
    that a worker or a node has died, or that a node has sent nothing for a minute.
    """

    def __init__(self, plan: SearchPlan, scratch: Path) -> None:
        cluster = plan.cluster
        assert cluster is not None
        self.needs_heartbeat_proxy = is_file(plan.storage)
        runs = Runs(plan.runs.root.absolute())
        plan = replace(plan, runs=runs, storage=absolute(plan.storage))
        scratch, node = scratch.absolute(), ray.get_runtime_context().get_node_id()
        actor_options = {
            "num_cpus": 0,
            "max_concurrency": MAX_ACTOR_CALLS,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False),
        }
        actor_class = ray.remote(CoordinatorActor).options(**actor_options)
        self.actor: Any = actor_class.remote(plan.name, plan.storage, runs, plan.bucket, scratch)
        self.lock: Lock = ActorLock(self.actor, COORDINATOR)
        payload = pack_payload(recipe_files(plan.recipe), plan.recipe.model)
        self.task = ray.remote(run_ray_worker).options(
            num_cpus=cluster.cpus,
            num_gpus=cluster.gpus,
            max_retries=0,
            scheduling_strategy="SPREAD",
            runtime_env=payload.runtime_env,
        )
        self.served = serve_database(plan.storage, ray.util.get_node_ip_address())
        coordinator = CoordinatorNode(node, scratch, self.served.url, self.served.token)
        self.arguments = (self.actor, coordinator, ray.put(plan), ray.put(payload))
        self.workers: dict[str, _RayWorker] = {}
        self.start_count = 0

    def start(self, index: int) -> None:
        self.start_count += 1
        worker_id = f"{index}.{self.start_count}"
        task = self.task.remote(index, worker_id, *self.arguments)
        self.workers[worker_id] = _RayWorker(index, task)

    def receive(self, seconds: float) -> Sequence[Message]:
        ids = {worker.task: worker_id for worker_id, worker in self.workers.items()}
        done, _ = ray.wait(list(ids), num_returns=len(ids), timeout=0) if ids else ([], [])
        messages: list[Message] = []
        # A worker sends its messages before its task is done.
        for worker_id, kind, content in self._call_coordinator(
            self.actor.receive, 0 if done else seconds
        ):
            worker = self.workers.get(worker_id)
            if worker is None:
                continue
            if kind == "connected":
                worker.is_connected = True
                continue
            messages.append((worker.index, kind, content))
            if kind == "finished_work":
                worker.has_finished = True
                self._cancel_waiting_tasks()  # no trial is left for them
        for worker_id in [ids[task] for task in done]:
            worker = self.workers.pop(worker_id)
            if not worker.has_finished:
                self._call_coordinator(self.actor.revoke, worker_id)
                messages += _make_exit_messages(worker)
        return messages

    def request_stop(self) -> None:
        self._call_coordinator(self.actor.stop)
        self._cancel_waiting_tasks()

    def kill(self, index: int) -> None:
        for worker in self.workers.values():
            if worker.index == index:
                _cancel_task(worker)

    def close(self) -> None:
        for worker in self.workers.values():
            _cancel_task(worker)
        ray.kill(self.actor)
        self.served.close()

    def _call_coordinator(self, method: Any, *arguments: Any) -> Any:
        try:
            return call_actor(method, *arguments)
        except RayError as error:
            raise StudyError(
                "the cluster was lost: start it again, then repeat the command, which continues "
                "the search"
            ) from error

    def _cancel_waiting_tasks(self) -> None:
        """Cancels all tasks that still wait for a free node."""
        for worker in self.workers.values():
            if not worker.is_connected:
                _cancel_task(worker)


def _cancel_task(worker: _RayWorker) -> None:
    with suppress(RayError):
        ray.cancel(worker.task, force=True)


def _make_exit_messages(worker: _RayWorker) -> list[Message]:
    """Returns the messages for the coordinator about a task that ended without `finished_work`."""
    index = worker.index
    try:
        ray.get(worker.task)
        reason = "it ended without a message"
    except (RayTaskError, RuntimeEnvSetupError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if not worker.is_connected:
            failure = StudyError(f"a node cannot run this search: {lines[-1]}")
            return [(index, "failed", failure), (index, "finished_work", None)]
        reason = lines[-1]
    except TaskCancelledError:
        if not worker.is_connected:
            return [(index, "finished_work", None)]
        reason = "cancelled"
    except RayError as error:
        reason = FAILURE_REASONS.get(type(error), str(error).strip().splitlines()[0])
    return [(index, "died", reason)]
