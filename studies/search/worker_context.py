"""The worker context: how a worker reaches the lock, the files and the coordinator of a search."""

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
"""A function that sends a message to the coordinator. A message has a kind and a content:

- `started` and `finished`: the number of the trial.
- `waiting`: the numbers of the trials of other processes that the worker waits for.
- `pace`: the `Pace` of a training that makes steps; None at its end.
- `error`: the number of a trial and the traceback of its error.
"""


@dataclass(frozen=True)
class WorkerContext:
    """What a worker uses to reach the other parts of a search, on any machine.

    Attributes:
        lock: The lock that all searches share; a worker holds it while it creates a trial.
        artifacts: The store of pictures.
        send: Sends a message to the coordinator.
        last_epoch: Returns the path of the checkpoint of the last epoch, given a trial number.
        scratch: A folder for temporary files.
        extra_callbacks: Returns further Lightning callbacks, given a trial number.
        connection_errors: Types of errors that are raised when the coordinator cannot be reached.
        may_declare_dead: Whether this process may requeue trials with old heartbeats. It is False
            if the coordinator writes the heartbeats for the workers.
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
