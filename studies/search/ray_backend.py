"""The engine of a Ray cluster: each worker is a task, and a desk beside the head hears them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
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
from ...storage.runs_folder import Runs
from ..cluster.coordinator_actor import COORDINATOR, CoordinatorActor
from ..cluster.database_proxy import serve_database
from ..cluster.payload import pack_payload, recipe_files
from ..study.study_error import StudyError
from .ray_worker import CoordinatorNode, run_ray_worker
from .remote_context import ActorLock, call_actor
from .search_plan import SearchPlan

FAILURE_REASONS: dict[type[RayError], str] = {
    NodeDiedError: "its node died",
    OutOfMemoryError: "its node ran out of memory",
    WorkerCrashedError: "its process was killed",
}
MAX_ACTOR_CALLS = 10_000  # that the desk has at once; a worker asks for the lock, and for the end


class RayBackend:
    """Workers on the nodes of a cluster that this process has joined.

    A task for which there is no room waits, so that a node that joins late gets work. Ray tells
    when a worker or a node has died, or a node has been silent for a minute.

    Args:
        plan: The search.
        scratch: The search's folder for a while, on this machine.
    """

    def __init__(self, plan: SearchPlan, scratch: Path) -> None:
        cluster = plan.cluster
        assert cluster is not None
        self.needs_heartbeat_proxy = is_file(plan.storage)
        runs = Runs(plan.runs.root.absolute())
        plan = replace(plan, runs=runs, storage=absolute(plan.storage))
        scratch = scratch.absolute()
        here = ray.get_runtime_context().get_node_id()
        self.actor: Any = (
            ray.remote(CoordinatorActor)
            .options(
                num_cpus=0,
                max_concurrency=MAX_ACTOR_CALLS,
                scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False),
            )
            .remote(plan.name, plan.storage, runs, plan.bucket, scratch)
        )
        self.lock = ActorLock(self.actor, COORDINATOR)
        payload = pack_payload(recipe_files(plan.recipe), plan.recipe.model)
        self.task = ray.remote(run_ray_worker).options(
            num_cpus=cluster.cpus,
            num_gpus=cluster.gpus,
            max_retries=0,
            scheduling_strategy="SPREAD",
            runtime_env=payload.runtime_env,
        )
        self.served = serve_database(plan.storage, ray.util.get_node_ip_address())
        coordinator_node = CoordinatorNode(here, scratch, self.served.url, self.served.token)
        self.arguments = (self.actor, coordinator_node, ray.put(plan), ray.put(payload))
        self.tasks: dict[int, Any] = {}
        self.worker_indices: dict[str, int] = {}  # who each worker is
        self.started: set[int] = set()
        self.finished: set[int] = set()  # whose task may not be over yet
        self.started_count = 0

    def start(self, index: int) -> None:
        self.started_count += 1
        worker_id = f"{index}.{self.started_count}"
        self.worker_indices = {
            name: of for name, of in self.worker_indices.items() if of != index
        } | {worker_id: index}
        self.started.discard(index)
        self.tasks[index] = self.task.remote(index, worker_id, *self.arguments)

    def receive(self, seconds: float) -> Sequence[tuple[int, str, Any]]:
        tasks = {task: index for index, task in self.tasks.items()}
        over, _ = ray.wait(list(tasks), num_returns=len(tasks), timeout=0) if tasks else ([], [])
        messages = []
        # A task tells before it ends: what is over now has been told.
        for worker_id, kind, content in self._call(self.actor.receive, 0 if over else seconds):
            index = self.worker_indices.get(worker_id)
            if kind == "begun" and index is not None:
                self.started.add(index)
            elif index is not None:
                messages.append((index, kind, content))
                if kind == "finished_work":
                    self.finished.add(index)
                    self._cancel_pending()
        for task in over:
            index = tasks[task]
            del self.tasks[index]
            if index not in self.finished:
                messages += self._exit_messages(index, task)
        return messages

    def _call(self, what: Any, *content: Any) -> Any:
        try:
            return call_actor(what, *content)
        except RayError as error:
            raise StudyError(
                "the cluster was lost: the same command goes on where it stopped, once there is "
                "one again"
            ) from error

    def _exit_messages(self, index: int, task: Any) -> list[tuple[int, str, Any]]:
        """Says how a task has ended that has not left."""
        (worker_id,) = (name for name, of in self.worker_indices.items() if of == index)
        self._call(self.actor.revoke, worker_id)
        try:
            ray.get(task)
        except (RayTaskError, RuntimeEnvSetupError) as error:  # of a node, before it could tell
            if index not in self.started:
                return [(index, "failed", _node_error(error)), (index, "finished_work", None)]
            exit_reason = str(error).strip().splitlines()[-1]
        except TaskCancelledError:
            if index not in self.started:
                return [(index, "finished_work", None)]
            exit_reason = "cancelled"
        except RayError as error:
            exit_reason = FAILURE_REASONS.get(type(error), str(error).strip().splitlines()[0])
        else:
            exit_reason = "its end was not heard"
        return [(index, "died", exit_reason)]

    def _cancel_pending(self) -> None:
        """Cancels the tasks that wait for room: who leaves has found nothing left to do."""
        for index, task in self.tasks.items():
            if index not in self.started:
                with suppress(RayError):
                    ray.cancel(task, force=True)

    def request_stop(self) -> None:
        self._call(self.actor.stop)
        self._cancel_pending()

    def close(self) -> None:
        for task in self.tasks.values():
            with suppress(RayError):
                ray.cancel(task, force=True)
        ray.kill(self.actor)
        self.served.close()


def _node_error(error: Exception) -> StudyError:
    text = str(error).strip().splitlines()
    return StudyError(
        f"a node cannot run this search: {text[-1] if text else type(error).__name__}"
    )
