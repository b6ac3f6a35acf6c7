"""The Ray actor through which the workers of a search reach its coordinator."""

import asyncio
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import Timeout

from ...storage.artifact_store import open_artifact_store
from ...storage.atomic_write import atomic_file
from ...storage.resume_checkpoints import last_epoch
from ...storage.runs_folder import Runs
from ...storage.search_lock import search_lock

COORDINATOR = "coordinator"
"""The id of the coordinator, which it uses in place of a worker id to acquire the lock."""
COLLECT_S = 0.1
"""Seconds that `receive` waits for further messages after the first.

A worker that has finished a trial soon starts the next one.
"""


class CoordinatorActor:
    """Gives the search lock to one worker at a time, and stores what workers send.

    Workers send messages, pictures and the checkpoints of their last epochs.

    The actor runs on the coordinator's machine. While a worker holds the lock, the actor holds the
    lock file of the database, so other searches in this database wait too. When a worker dies,
    the actor releases its lock and rejects its later requests. The actor imports no models, so it
    starts before the workers.
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
        """Acquires the lock for a worker; returns True if it has acquired it.

        Returns False if it is not free within `seconds`, or if the worker has died.
        """
        try:
            await asyncio.wait_for(self.queue.acquire(), seconds)
        except TimeoutError:
            return False
        try:
            await asyncio.to_thread(self.lock.acquire, seconds)
        except BaseException as error:
            self.queue.release()
            if isinstance(error, Timeout):
                return False
            raise
        self.owner = worker_id
        if worker_id in self.revoked:
            self._release_lock(worker_id)
            return False
        return True

    async def release(self, worker_id: str) -> None:
        """Releases the lock if this worker holds it."""
        self._release_lock(worker_id)

    async def revoke(self, worker_id: str) -> None:
        """Releases the lock of a worker that has died, and rejects its later requests."""
        self.revoked.add(worker_id)
        self._release_lock(worker_id)

    async def send(self, worker_id: str, kind: str, content: Any) -> None:
        """Stores the message of a worker until the coordinator calls `receive`."""
        if worker_id not in self.revoked:
            self.messages.append((worker_id, kind, content))
            self.has_messages.set()

    async def receive(self, seconds: float) -> list[tuple[str, str, Any]]:
        """Returns all stored messages; if there are none, waits up to `seconds` for the first."""
        if not self.messages:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.has_messages.wait(), seconds)
                await asyncio.sleep(COLLECT_S)
        messages, self.messages = self.messages, []
        self.has_messages.clear()
        return messages

    async def stop(self) -> None:
        """Asks all workers to stop, including those that start later."""
        self.stop_requested.set()

    async def wait_for_stop(self) -> None:
        """Returns as soon as `stop` has been called."""
        await self.stop_requested.wait()

    async def write_artifact(self, artifact_id: str, content: bytes) -> None:
        """Stores a picture in the artifact store."""
        await asyncio.to_thread(self.artifacts.write, artifact_id, io.BytesIO(content))

    async def write_epoch(self, worker_id: str, trial: int, content: bytes) -> None:
        """Stores the checkpoint of the last epoch of a trial."""
        if worker_id not in self.revoked:
            await asyncio.to_thread(self._write_epoch, trial, content)

    async def read_epoch(self, trial: int) -> bytes | None:
        """Returns the checkpoint of the last epoch of a trial, or None if there is none."""
        path = last_epoch(self.runs, self.study, trial)
        return await asyncio.to_thread(path.read_bytes) if path.is_file() else None

    def _release_lock(self, worker_id: str) -> None:
        if self.owner == worker_id:
            self.owner = None
            self.lock.release()
            self.queue.release()

    def _write_epoch(self, trial: int, content: bytes) -> None:
        path = last_epoch(self.runs, self.study, trial)
        # Otherwise the trial is resumed after an earlier epoch.
        with suppress(OSError), atomic_file(path) as partial:
            partial.write_bytes(content)
