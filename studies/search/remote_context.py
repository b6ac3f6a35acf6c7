"""The context of a worker that reaches the coordinator through an actor."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import grpc
import pytorch_lightning as pl
import ray
from filelock import Timeout

from ...storage.database import HEARTBEAT_S
from ...storage.resume_checkpoints import last_epoch
from .search_plan import SearchPlan
from .worker_context import SendMessage, WorkerContext


def call_actor(method: Any, *arguments: Any) -> Any:
    """Returns what a method of the coordinator actor returns; raises what it raises."""
    try:
        return ray.get(method.remote(*arguments))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None


class ActorLock:
    """The lock of the search, as the coordinator actor gives it to a worker.

    Args:
        actor: The coordinator actor.
        worker_id: The worker, or `COORDINATOR`.
    """

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
    """An artifact store that sends each picture to the coordinator actor.

    Args:
        actor: The coordinator actor.
    """

    def __init__(self, actor: Any) -> None:
        self.actor = actor

    def open_reader(self, artifact_id: str) -> BinaryIO:
        raise NotImplementedError

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        call_actor(self.actor.write_artifact, artifact_id, content_body.read())

    def remove(self, artifact_id: str) -> None:
        raise NotImplementedError


class UploadLastEpoch(pl.Callback):
    """Sends the last epoch of a trial every few seconds, so that any node can resume it.

    Args:
        actor: The coordinator actor.
        worker_id: The worker.
        trial: Number of the trial.
        path: The file of the last epoch on this node.
    """

    def __init__(self, actor: Any, worker_id: str, trial: int, path: Path) -> None:
        self.actor, self.worker_id, self.trial, self.path = actor, worker_id, trial, path
        self.sent, self._checked = _modified_ns(path), time.monotonic()

    def on_train_epoch_start(self, *_: object) -> None:
        if time.monotonic() - self._checked < HEARTBEAT_S:  # short epochs are soon repeated
            return
        self._checked = time.monotonic()
        if (modified := _modified_ns(self.path)) != self.sent:
            content = self.path.read_bytes()
            call_actor(self.actor.write_epoch, self.worker_id, self.trial, content)
            self.sent = modified


def _modified_ns(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.exists() else None


def remote_context(
    actor: Any,
    worker_id: str,
    plan: SearchPlan,
    send: SendMessage,
    scratch: Path,
) -> WorkerContext:
    """Returns the context of a worker on another machine.

    Args:
        actor: The coordinator actor.
        worker_id: The worker.
        plan: The search, with a runs folder on this node.
        send: Sends a message to the coordinator.
        scratch: A folder for temporary files.
    """

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
