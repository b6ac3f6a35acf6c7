"""The links of a worker on another machine than the head's: all goes to the desk beside that."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytorch_lightning as pl
import ray
from filelock import Timeout

from ...storage.database import HEARTBEAT_S
from ...storage.resume_checkpoints import last_epoch
from .links import Links
from .plan import SearchPlan


def ask(what: Any, *content: Any) -> Any:
    """Returns what a method of the desk returns, and raises what it has raised."""
    try:
        return ray.get(what.remote(*content))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None


class DeskLock:
    """The lock of a search, as the desk gives it.

    Args:
        desk: The actor.
        who: Who asks for it.
    """

    def __init__(self, desk: Any, who: str) -> None:
        self.desk, self.who, self.is_locked = desk, who, False

    def acquire(self, timeout: float | None = None) -> None:
        self.is_locked = ask(self.desk.acquire, self.who, timeout)
        if not self.is_locked:
            raise Timeout("the desk")

    def release(self) -> None:
        self.is_locked = False
        ask(self.desk.release, self.who)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class SentPictures:
    """An artifact store of which each picture is sent to the desk.

    Args:
        desk: The actor.
    """

    def __init__(self, desk: Any) -> None:
        self.desk = desk

    def open_reader(self, artifact_id: str) -> BinaryIO:
        raise NotImplementedError

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        ask(self.desk.take_picture, artifact_id, content_body.read())

    def remove(self, artifact_id: str) -> None:
        raise NotImplementedError


class SendLastEpoch(pl.Callback):
    """Sends the desk what was kept of a trial every few seconds, so that any node goes on.

    Args:
        desk: The actor.
        who: The worker.
        trial: Number of the trial.
        path: The file in which it is kept here.
    """

    def __init__(self, desk: Any, who: str, trial: int, path: Path) -> None:
        self.desk, self.who, self.trial, self.path = desk, who, trial, path
        self.sent, self._looked = _when(path), time.monotonic()

    def on_train_epoch_start(self, *_: object) -> None:
        if time.monotonic() - self._looked < HEARTBEAT_S:  # short epochs are soon repeated
            return
        self._looked = time.monotonic()
        if (kept := _when(self.path)) != self.sent:
            ask(self.desk.take_epoch, self.who, self.trial, self.path.read_bytes())
            self.sent = kept


def _when(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.exists() else None


def links_to(desk: Any, who: str, plan: SearchPlan, scratch: Path, faults: Any) -> Links:
    """Returns the links of a worker on another machine than the head's.

    Args:
        desk: The actor.
        who: The worker.
        plan: The search, whose runs folder is one of this node.
        scratch: A folder for files that are made and moved away.
        faults: What the database raises when the head is gone.
    """

    def tell(word: str, content: Any) -> None:
        ask(desk.tell, who, word, content)

    def fetched(trial: int) -> Path:
        path = last_epoch(plan.runs, plan.name, trial)
        content = ask(desk.give_epoch, trial)
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return path

    def extras(trial: int) -> Sequence[pl.Callback]:
        return [SendLastEpoch(desk, who, trial, last_epoch(plan.runs, plan.name, trial))]

    return Links(
        lock=DeskLock(desk, who),
        artifacts=SentPictures(desk),
        tell=tell,
        last_epoch=fetched,
        extras=extras,
        scratch=scratch,
        faults=(*faults, ray.exceptions.RayError, Timeout),
    )
