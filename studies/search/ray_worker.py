"""A worker on a node: a task of Ray that runs trials, and tells the desk beside the head.

On the head's own machine it uses the head's files, as forks do; elsewhere all goes to the desk.
"""

import threading
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import optuna
import ray
import torch

from ...storage.database_urls import is_file
from ...storage.runs_folder import Runs
from ...storage.scratch_folder import scratch_folder, temporary_scratch_folder
from ..cluster.database_proxy import connect_database
from ..cluster.payload import Payload, unpack_payload, with_local_files
from ..study.module_trust import allow
from ..study.study_lookup import open_study
from .fork_server import PRELOADED_MODULES
from .local_worker import forward_errors
from .remote_context import call_actor, remote_context
from .search_plan import SearchPlan
from .trial_loop import run_trials
from .worker_context import local_context


class CoordinatorNode(NamedTuple):
    """What workers know of the machine of the head.

    Attributes:
        node: Its id.
        scratch_folder: The search's folder for a while, there.
        url: The URL of the database on other nodes.
        token: What has to be said there; see `serve`.
    """

    node: str
    scratch_folder: Path
    url: str
    token: str


def run_ray_worker(
    index: int,
    worker_id: str,
    actor: Any,
    coordinator_node: CoordinatorNode,
    plan: SearchPlan,
    payload: Payload,
) -> None:
    """Runs trials until none is left, the head asks to stop, or the head is gone.

    It tells what `WorkerBackend.wait_for_stop` returns, and `begun` first.

    Args:
        index: Which worker of the search this one is.
        worker_id: What tells it from those that had the number before.
        actor: The actor beside the head.
        coordinator_node: What to know of the head's machine.
        plan: The search, with the paths that its files have there.
        payload: What `pack_payload` has packed.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    assert plan.cluster is not None
    torch.set_num_threads(max(1, int(plan.cluster.cpus)))
    stop = threading.Event()

    def send(kind: str, content: Any) -> None:
        with suppress(ray.exceptions.RayError):  # whoever finds the head gone still ends its trial
            call_actor(actor.send, worker_id, kind, content)

    def wait_for_stop() -> None:
        with suppress(ray.exceptions.RayError):
            ray.get(actor.wait_for_stop.remote())
        stop.set()

    send("begun", None)
    threading.Thread(target=wait_for_stop, daemon=True).start()
    is_local = ray.get_runtime_context().get_node_id() == coordinator_node.node
    with (
        forward_errors(index, send),
        scratch_folder(coordinator_node.scratch_folder)
        if is_local
        else temporary_scratch_folder() as place,
    ):
        for (
            module
        ) in PRELOADED_MODULES:  # as in forks: else others would wait for the lock meanwhile
            import_module(module)
        allow(*plan.trusted_modules)
        plan = replace(plan, recipe=with_local_files(plan.recipe, unpack_payload(payload, place)))
        if is_local:
            context = replace(
                local_context(plan, send, place), may_declare_dead=not is_file(plan.storage)
            )
        else:
            plan = replace(plan, runs=Runs(place / "runs"), storage=coordinator_node.url)
            context = remote_context(
                actor, worker_id, plan, place, connection_errors=(grpc.RpcError,)
            )
        run_trials(
            open_study(connect_database(plan.storage, coordinator_node.token), plan.name),
            plan,
            stop,
            context,
        )
    send("finished_work", None)
