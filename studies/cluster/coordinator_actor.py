"""The desk: an actor beside the head, at which all workers of a search ask, tell and hand in."""

import asyncio
import io
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import Timeout

from ...storage.artifact_store import open_artifact_store
from ...storage.resume_checkpoints import last_epoch
from ...storage.runs_folder import Runs
from ...storage.search_lock import search_lock

COORDINATOR = "head"
BATCH_S = 0.1  # who has finished a trial soon starts another one: one letter for both


class CoordinatorActor:
    """The lock of a search, its mail box, and the receiver of pictures and last epochs.

    It holds the lock of the head's own machine while a worker has it, so that other searches in
    the database stay excluded. A worker that has died is buried: what it held is let go, and what
    it still asks for is not given to it.

    It need not know the models, and begins while the workers still import them.

    Args:
        study: Name of the study.
        url: Its database.
        runs: The runs folder, by its absolute path.
        bucket: Where pictures are kept, if that is not the runs folder.
        scratch: A folder for files that are made and moved away.
    """

    def __init__(
        self, study: str, url: str, runs: Runs, bucket: str | None, scratch: Path
    ) -> None:
        self.study, self.runs = study, runs
        self.lock = search_lock(url, runs)
        self.artifacts = open_artifact_store(bucket, runs, scratch)
        self.queue = asyncio.Lock()
        self.owner: str | None = None
        self.revoked: set[str] = set()
        self.messages: list[tuple[str, str, Any]] = []
        self.has_messages, self.stop_requested = asyncio.Event(), asyncio.Event()

    async def acquire(self, worker_id: str, seconds: float | None = None) -> bool:
        """Waits for the lock, and returns whether `worker_id` has it now."""
        try:
            await asyncio.wait_for(self.queue.acquire(), seconds)
        except TimeoutError:
            return False
        try:
            await asyncio.to_thread(self.lock.acquire, seconds)
        except Timeout:
            self.queue.release()
            return False
        except BaseException:
            self.queue.release()
            raise
        self.owner = worker_id
        if worker_id in self.revoked:  # it has died while it waited
            self._release_lock(worker_id)
            return False
        return True

    async def release(self, worker_id: str) -> None:
        """Lets the lock go, if it is still that of `worker_id`."""
        self._release_lock(worker_id)

    async def revoke(self, worker_id: str) -> None:
        """Lets go of what a worker held that has died, for good."""
        self.revoked.add(worker_id)
        self._release_lock(worker_id)

    async def send(self, worker_id: str, kind: str, content: Any) -> None:
        """Takes a word of a worker for the head."""
        if worker_id not in self.revoked:
            self.messages.append((worker_id, kind, content))
            self.has_messages.set()

    async def receive(self, seconds: float) -> list[tuple[str, str, Any]]:
        """Returns all that workers have told since, and waits if that is nothing yet."""
        if not self.messages:  # a wait of no time would be over before it looks
            with suppress(TimeoutError):
                await asyncio.wait_for(self.has_messages.wait(), seconds)
                await asyncio.sleep(BATCH_S)
        messages, self.messages = self.messages, []
        self.has_messages.clear()
        return messages

    async def stop(self) -> None:
        """Asks all workers to stop, also those that begin later."""
        self.stop_requested.set()

    async def wait_for_stop(self) -> None:
        """Returns when workers are to stop."""
        await self.stop_requested.wait()

    async def write_artifact(self, artifact_id: str, content: bytes) -> None:
        """Keeps a picture."""
        await asyncio.to_thread(self.artifacts.write, artifact_id, io.BytesIO(content))

    async def write_epoch(self, worker_id: str, trial: int, content: bytes) -> None:
        """Keeps the last epoch of a trial, in the place of an earlier one."""
        if worker_id not in self.revoked:
            await asyncio.to_thread(self._write_epoch, trial, content)

    async def read_epoch(self, trial: int) -> bytes | None:
        """Returns the last epoch of a trial, if one was kept."""
        path = last_epoch(self.runs, self.study, trial)
        return await asyncio.to_thread(path.read_bytes) if path.is_file() else None

    def _release_lock(self, worker_id: str) -> None:
        if self.owner == worker_id:
            self.owner = None
            self.lock.release()
            self.queue.release()

    def _write_epoch(self, trial: int, content: bytes) -> None:
        path = last_epoch(self.runs, self.study, trial)
        partial = path.with_name(f".{trial}.desk.partial")
        with suppress(OSError):  # then the trial goes on from an earlier one
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(content)
            os.replace(partial, path)
