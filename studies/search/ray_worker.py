"""A worker in a Ray task, on the coordinator's machine or on another node."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import ray
from optuna.storages import BaseStorage

from ...storage.database_urls import is_file
from ...storage.runs_folder import Runs
from ...storage.scratch_folder import scratch_folder, temporary_scratch_folder
from ..cluster.database_proxy import connect_database
from ..cluster.payload import Payload, unpack_payload, with_local_files
from ..study.module_trust import allow
from .fork_server import PRELOADED_MODULES
from .remote_context import call_actor, remote_context
from .search_plan import SearchPlan
from .worker import run_worker
from .worker_context import WorkerContext, local_context


class CoordinatorNode(NamedTuple):
    """The machine of the coordinator, as workers see it.

    Attributes:
        node: Its node id.
        scratch: The scratch folder of the search on it.
        url: The URL of the database on other nodes.
        token: The token of the database proxy; see `serve_database`.
    """

    node: str
    scratch: Path
    url: str
    token: str


def run_ray_worker(
    index: int,
    worker_id: str,
    actor: Any,
    coordinator: CoordinatorNode,
    plan: SearchPlan,
    payload: Payload,
) -> None:
    """Runs a worker that sends its messages to the coordinator actor, `connected` first.

    On the coordinator's machine it uses the files of the search; elsewhere it sends them.

    Args:
        index: Index of the worker in the search.
        worker_id: Distinguishes it from earlier workers with the same index.
        actor: The coordinator actor.
        coordinator: The machine of the coordinator.
        plan: The search, with the paths of that machine.
        payload: The data, files and code of the search.
    """
    assert plan.cluster is not None

    def send(kind: str, content: Any) -> None:
        with suppress(ray.exceptions.RayError):  # the coordinator is gone
            call_actor(actor.send, worker_id, kind, content)

    def wait_for_stop() -> None:
        with suppress(ray.exceptions.RayError):
            ray.get(actor.wait_for_stop.remote())

    @contextmanager
    def connect() -> Iterator[tuple[SearchPlan, BaseStorage, WorkerContext]]:
        is_local = ray.get_runtime_context().get_node_id() == coordinator.node
        with (
            scratch_folder(coordinator.scratch) if is_local else temporary_scratch_folder()
        ) as folder:
            for module in PRELOADED_MODULES:  # before other workers wait for the lock
                import_module(module)
            allow(*plan.trusted_modules)
            recipe = with_local_files(plan.recipe, unpack_payload(payload, folder))
            if is_local:
                here = replace(plan, recipe=recipe)
                context = replace(
                    local_context(here, send, folder), may_declare_dead=not is_file(plan.storage)
                )
            else:
                runs = Runs(folder / "runs")
                here = replace(plan, recipe=recipe, runs=runs, storage=coordinator.url)
                context = remote_context(actor, worker_id, here, send, folder)
            yield here, connect_database(here.storage, coordinator.token), context

    send("connected", None)
    run_worker(index, max(1, int(plan.cluster.cpus)), send, wait_for_stop, connect)
