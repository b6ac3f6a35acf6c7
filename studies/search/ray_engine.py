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
from ..cluster.database import serve
from ..cluster.desk import HEAD, Desk
from ..cluster.shipping import files_of, pack
from ..study.study_error import StudyError
from .plan import SearchPlan
from .ray_links import DeskLock, ask
from .ray_node import Home, work

DEATHS: dict[type[RayError], str] = {
    NodeDiedError: "its node died",
    OutOfMemoryError: "its node ran out of memory",
    WorkerCrashedError: "its process was killed",
}
MOST_CALLS = 10_000  # that the desk has at once; a worker asks for the lock, and for the end


class OnRay:
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
        self.mute = is_file(plan.storage)
        runs = Runs(plan.runs.root.absolute())
        plan = replace(plan, runs=runs, storage=absolute(plan.storage))
        scratch = scratch.absolute()
        here = ray.get_runtime_context().get_node_id()
        self.desk: Any = (
            ray.remote(Desk)
            .options(
                num_cpus=0,
                max_concurrency=MOST_CALLS,
                scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False),
            )
            .remote(plan.name, plan.storage, runs, plan.bucket, scratch)
        )
        self.lock = DeskLock(self.desk, HEAD)
        shipped = pack(files_of(plan.recipe), plan.recipe.model)
        self.task = ray.remote(work).options(
            num_cpus=cluster.cpus,
            num_gpus=cluster.gpus,
            max_retries=0,
            scheduling_strategy="SPREAD",
            runtime_env=shipped.environment,
        )
        self.served = serve(plan.storage, ray.util.get_node_ip_address())
        home = Home(here, scratch, self.served.url, self.served.token)
        self.arguments = (self.desk, home, ray.put(plan), ray.put(shipped))
        self.tasks: dict[int, Any] = {}
        self.names: dict[str, int] = {}  # who each worker is
        self.begun: set[int] = set()
        self.left: set[int] = set()  # whose task may not be over yet
        self.serial = 0

    def start(self, index: int) -> None:
        self.serial += 1
        who = f"{index}.{self.serial}"
        self.names = {name: of for name, of in self.names.items() if of != index} | {who: index}
        self.begun.discard(index)
        self.tasks[index] = self.task.remote(index, who, *self.arguments)

    def listen(self, seconds: float) -> Sequence[tuple[int, str, Any]]:
        tasks = {task: index for index, task in self.tasks.items()}
        over, _ = ray.wait(list(tasks), num_returns=len(tasks), timeout=0) if tasks else ([], [])
        heard = []
        # A task tells before it ends: what is over now has been told.
        for who, word, content in self._ask(self.desk.collect, 0 if over else seconds):
            index = self.names.get(who)
            if word == "begun" and index is not None:
                self.begun.add(index)
            elif index is not None:
                heard.append((index, word, content))
                if word == "left":
                    self.left.add(index)
                    self._dismiss()
        for task in over:
            index = tasks[task]
            del self.tasks[index]
            if index not in self.left:
                heard += self._end_of(index, task)
        return heard

    def _ask(self, what: Any, *content: Any) -> Any:
        try:
            return ask(what, *content)
        except RayError as error:
            raise StudyError(
                "the cluster was lost: the same command goes on where it stopped, once there is "
                "one again"
            ) from error

    def _end_of(self, index: int, task: Any) -> list[tuple[int, str, Any]]:
        """Says how a task has ended that has not left."""
        (who,) = (name for name, of in self.names.items() if of == index)
        self._ask(self.desk.bury, who)
        try:
            ray.get(task)
        except (RayTaskError, RuntimeEnvSetupError) as error:  # of a node, before it could tell
            if index not in self.begun:
                return [(index, "failed", _of_node(error)), (index, "left", None)]
            how = str(error).strip().splitlines()[-1]
        except TaskCancelledError:
            if index not in self.begun:
                return [(index, "left", None)]
            how = "cancelled"
        except RayError as error:
            how = DEATHS.get(type(error), str(error).strip().splitlines()[0])
        else:
            how = "its end was not heard"
        return [(index, "died", how)]

    def _dismiss(self) -> None:
        """Cancels the tasks that wait for room: who leaves has found nothing left to do."""
        for index, task in self.tasks.items():
            if index not in self.begun:
                with suppress(RayError):
                    ray.cancel(task, force=True)

    def ask_to_stop(self) -> None:
        self._ask(self.desk.stop)
        self._dismiss()

    def end(self) -> None:
        for task in self.tasks.values():
            with suppress(RayError):
                ray.cancel(task, force=True)
        ray.kill(self.desk)
        self.served.end()


def _of_node(error: Exception) -> StudyError:
    text = str(error).strip().splitlines()
    return StudyError(
        f"a node cannot run this search: {text[-1] if text else type(error).__name__}"
    )
