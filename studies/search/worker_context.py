"""The connections that a process needs to run trials, on any machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from ...storage.artifact_store import ArtifactStore, open_artifact_store
from ...storage.lock_wait import Lock
from ...storage.resume_checkpoints import last_epoch
from ...storage.search_lock import search_lock
from .search_plan import SearchPlan

SendMessage = Callable[[str, Any], None]
"""Sends a message to the coordinator: a kind and a content.

The content of `started` and `finished` is the number of a trial. That of `waiting` are the numbers
of the trials of other processes that the worker waits for, and that of `error` is the number of a
trial and the traceback of its error.
"""


@dataclass(frozen=True)
class WorkerContext:
    """The connections of a worker; they hide whether it runs on the coordinator's machine.

    Attributes:
        lock: The lock of all searches; a worker holds it while it creates a trial.
        artifacts: The store of pictures.
        send: Sends a message to the coordinator.
        last_epoch: Returns the path of the last epoch of the trial with a number.
        scratch: A folder for temporary files.
        extra_callbacks: Returns further Lightning callbacks for the trial with a number.
        connection_errors: Errors that are raised when the coordinator is lost.
        may_declare_dead: Whether this process may requeue trials without a heartbeat. It may not
            if workers cannot write heartbeats, so that the coordinator writes them.
    """

    lock: Lock
    artifacts: ArtifactStore
    send: SendMessage
    last_epoch: Callable[[int], Path]
    scratch: Path
    extra_callbacks: Callable[[int], Sequence[pl.Callback]] = lambda trial: ()
    connection_errors: tuple[type[Exception], ...] = ()
    may_declare_dead: bool = True


def local_context(plan: SearchPlan, send: SendMessage, scratch: Path) -> WorkerContext:
    """Returns the context of a worker that uses the files of the coordinator's machine."""
    return WorkerContext(
        lock=search_lock(plan.storage, plan.runs),
        artifacts=open_artifact_store(plan.bucket, plan.runs, scratch),
        send=send,
        last_epoch=partial(last_epoch, plan.runs, plan.name),
        scratch=scratch,
    )
