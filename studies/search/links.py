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
from .plan import SearchPlan

Word = Literal["started", "waiting", "bug", "finished"]
Tell = Callable[[Word, Any], None]


@dataclass(frozen=True)
class Links:
    """What a process that runs trials is given, so that it need not know where it runs.

    Attributes:
        lock: Held from counting the trials until a new one has all its values.
        artifacts: Where pictures are kept.
        tell: Called with a word and what it is about: `started` and `finished` with the number of
            a trial, `waiting` with the numbers of the trials elsewhere that are all that is left,
            `bug` with the number of the trial that it has ended, and the traceback.
        last_epoch: Returns the file for the last epoch of the trial with a number.
        extras: Makes further Lightning callbacks for the trial with a number.
        scratch: A folder for files that are made and moved away.
        faults: What these raise when they are gone, which is no fault of a trial.
        judges: Whether a trial that is silent may be taken for dead here. Where others cannot
            write that they live, the head does it for them, and alone knows.
    """

    lock: Lock
    artifacts: ArtifactStore
    tell: Tell
    last_epoch: Callable[[int], Path]
    scratch: Path
    extras: Callable[[int], Sequence[pl.Callback]] = lambda trial: ()
    faults: tuple[type[Exception], ...] = ()
    judges: bool = True


def links_here(plan: SearchPlan, tell: Tell, scratch: Path) -> Links:
    """Returns the links of a process on the head's own machine."""
    return Links(
        lock=search_lock(plan.storage, plan.runs),
        artifacts=open_artifact_store(plan.bucket, plan.runs, scratch),
        tell=tell,
        last_epoch=partial(last_epoch, plan.runs, plan.name),
        scratch=scratch,
    )
