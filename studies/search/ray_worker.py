"""A worker in a Ray task, on the coordinator's machine or on another node."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import grpc
import pytorch_lightning as pl
import ray
from filelock import Timeout
from optuna.storages import BaseStorage

from ...storage.database import HEARTBEAT_S
from ...storage.database_urls import is_file
from ...storage.resume_checkpoints import last_epoch
from ...storage.runs_folder import Runs
from ...storage.scratch_folder import scratch_folder, temporary_scratch_folder
from ..cluster.database_proxy import connect_database
from ..cluster.payload import Payload, unpack_payload, with_local_files
from ..study.module_trust import allow
from .fork_server import PRELOADED_MODULES
from .search_plan import SearchPlan
from .worker import run_worker
from .worker_context import SendMessage, WorkerContext, local_context


class CoordinatorNode(NamedTuple):
    """The Ray node of the coordinator, its scratch folder, and the URL and token of the database.

    Workers connect to the database by this URL and token.
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
    """Runs a worker that sends its messages to the coordinator actor; the first is `connected`.

    On the coordinator's machine, the worker writes into the runs folder. On another machine, it
    sends its pictures and checkpoints to the coordinator actor.
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
            for module in PRELOADED_MODULES:  # not later, while other workers wait for the lock
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


def call_actor(method: Any, *arguments: Any) -> Any:
    """Calls a method of the coordinator actor; returns its result or raises its error."""
    try:
        return ray.get(method.remote(*arguments))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None


class ActorLock:
    """The search lock, which a worker acquires and releases through the coordinator actor."""

    def __init__(self, actor: Any, worker_id: str) -> None:
        self.actor, self.worker_id, self.is_locked = actor, worker_id, False

    def acquire(self, timeout: float | None = None) -> None:
        self.is_locked = call_actor(self.actor.acquire, self.worker_id, timeout)
        if not self.is_locked:
            raise Timeout("the coordinator actor")

    def release(self) -> None:
        self.is_locked = False
        call_actor(self.actor.release, self.worker_id)


class ActorArtifactStore:
    """An artifact store that sends each picture to the coordinator actor."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor

    def open_reader(self, artifact_id: str) -> BinaryIO:
        raise NotImplementedError

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        call_actor(self.actor.write_artifact, artifact_id, content_body.read())

    def remove(self, artifact_id: str) -> None:
        raise NotImplementedError


class UploadLastEpoch(pl.Callback):
    """Sends the checkpoint of the last epoch of a trial to the coordinator actor.

    It sends it every few seconds, so that another node can resume the trial.
    """

    def __init__(self, actor: Any, worker_id: str, trial: int, path: Path) -> None:
        self.actor, self.worker_id, self.trial, self.path = actor, worker_id, trial, path
        self.sent, self._checked = _modification_time_ns(path), time.monotonic()

    def on_train_epoch_start(self, *_: object) -> None:
        if time.monotonic() - self._checked < HEARTBEAT_S:  # losing a short epoch costs little
            return
        self._checked = time.monotonic()
        if (modified := _modification_time_ns(self.path)) != self.sent:
            content = self.path.read_bytes()
            call_actor(self.actor.write_epoch, self.worker_id, self.trial, content)
            self.sent = modified


def _modification_time_ns(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.exists() else None


def remote_context(
    actor: Any,
    worker_id: str,
    plan: SearchPlan,
    send: SendMessage,
    scratch: Path,
) -> WorkerContext:
    """Returns the context of a worker on another machine."""

    def fetch_last_epoch(trial: int) -> Path:
        path = last_epoch(plan.runs, plan.name, trial)
        content = call_actor(actor.read_epoch, trial)
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return path

    def extra_callbacks(trial: int) -> Sequence[pl.Callback]:
        path = last_epoch(plan.runs, plan.name, trial)
        return [UploadLastEpoch(actor, worker_id, trial, path)]

    return WorkerContext(
        lock=ActorLock(actor, worker_id),
        artifacts=ActorArtifactStore(actor),
        send=send,
        last_epoch=fetch_last_epoch,
        extra_callbacks=extra_callbacks,
        scratch=scratch,
        connection_errors=(grpc.RpcError, ray.exceptions.RayError, Timeout),
    )
