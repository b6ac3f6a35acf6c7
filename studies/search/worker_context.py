"""What ties a process that runs trials to the head of its search, which may be elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as pl

from ...storage.artifact_store import ArtifactStore, open_artifact_store
from ...storage.resume_checkpoints import last_epoch
from ...storage.search_lock import Lock, search_lock
from .search_plan import SearchPlan

MessageKind = Literal["started", "waiting", "error", "finished"]
SendMessage = Callable[[MessageKind, Any], None]


@dataclass(frozen=True)
class WorkerContext:
    """What a process that runs trials is given, so that it need not know where it runs.

    Attributes:
        lock: Held from counting the trials until a new one has all its values.
        artifacts: Where pictures are kept.
        send: Called with a word and what it is about: `started` and `finished` with the number of
            a trial, `waiting` with the numbers of the trials elsewhere that are all that is left,
            `bug` with the number of the trial that it has ended, and the traceback.
        last_epoch: Returns the file for the last epoch of the trial with a number.
        extra_callbacks: Makes further Lightning callbacks for the trial with a number.
        scratch: A folder for files that are made and moved away.
        connection_errors: What these raise when they are gone, which is no fault of a trial.
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
    """Returns the links of a process on the head's own machine."""
    return WorkerContext(
        lock=search_lock(plan.storage, plan.runs),
        artifacts=open_artifact_store(plan.bucket, plan.runs, scratch),
        send=send,
        last_epoch=partial(last_epoch, plan.runs, plan.name),
        scratch=scratch,
    )
