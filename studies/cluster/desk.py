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

HEAD = "head"
GATHER_S = 0.1  # who has finished a trial soon starts another one: one letter for both


class Desk:
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
        self.turn = asyncio.Lock()
        self.owner: str | None = None
        self.buried: set[str] = set()
        self.mail: list[tuple[str, str, Any]] = []
        self.arrived, self.stopped = asyncio.Event(), asyncio.Event()

    async def acquire(self, who: str, seconds: float | None = None) -> bool:
        """Waits for the lock, and returns whether `who` has it now."""
        try:
            await asyncio.wait_for(self.turn.acquire(), seconds)
        except TimeoutError:
            return False
        try:
            await asyncio.to_thread(self.lock.acquire, seconds)
        except Timeout:
            self.turn.release()
            return False
        except BaseException:
            self.turn.release()
            raise
        self.owner = who
        if who in self.buried:  # it has died while it waited
            self._let_go(who)
            return False
        return True

    async def release(self, who: str) -> None:
        """Lets the lock go, if it is still that of `who`."""
        self._let_go(who)

    async def bury(self, who: str) -> None:
        """Lets go of what a worker held that has died, for good."""
        self.buried.add(who)
        self._let_go(who)

    async def tell(self, who: str, word: str, content: Any) -> None:
        """Takes a word of a worker for the head."""
        if who not in self.buried:
            self.mail.append((who, word, content))
            self.arrived.set()

    async def collect(self, seconds: float) -> list[tuple[str, str, Any]]:
        """Returns all that workers have told since, and waits if that is nothing yet."""
        if not self.mail:  # a wait of no time would be over before it looks
            with suppress(TimeoutError):
                await asyncio.wait_for(self.arrived.wait(), seconds)
                await asyncio.sleep(GATHER_S)
        mail, self.mail = self.mail, []
        self.arrived.clear()
        return mail

    async def stop(self) -> None:
        """Asks all workers to stop, also those that begin later."""
        self.stopped.set()

    async def wait_for_stop(self) -> None:
        """Returns when workers are to stop."""
        await self.stopped.wait()

    async def take_picture(self, artifact_id: str, content: bytes) -> None:
        """Keeps a picture."""
        await asyncio.to_thread(self.artifacts.write, artifact_id, io.BytesIO(content))

    async def take_epoch(self, who: str, trial: int, content: bytes) -> None:
        """Keeps the last epoch of a trial, in the place of an earlier one."""
        if who not in self.buried:
            await asyncio.to_thread(self._write_epoch, trial, content)

    async def give_epoch(self, trial: int) -> bytes | None:
        """Returns the last epoch of a trial, if one was kept."""
        path = last_epoch(self.runs, self.study, trial)
        return await asyncio.to_thread(path.read_bytes) if path.is_file() else None

    def _let_go(self, who: str) -> None:
        if self.owner == who:
            self.owner = None
            self.lock.release()
            self.turn.release()

    def _write_epoch(self, trial: int, content: bytes) -> None:
        path = last_epoch(self.runs, self.study, trial)
        partial = path.with_name(f".{trial}.desk.partial")
        with suppress(OSError):  # then the trial goes on from an earlier one
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(content)
            os.replace(partial, path)
