"""Workers in processes of this machine; a pipe connects each worker with the coordinator."""

import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from ...objectives.data.preparation.splits import save_splits
from ...storage.search_lock import search_lock
from ...storage.storage_error import unwritable_path_error
from ...storage.trial_outcome import OUT_OF_MEMORY
from .fork_server import process_context, without_working_folder
from .memory_kills import count_memory_kills
from .search_plan import SearchPlan
from .worker import SPLITS_FILE, run_local_worker
from .worker_pool import Message


@dataclass
class _WorkerProcess:
    """The process of a worker, and the coordinator's end of its pipe.

    `has_finished` is True after the message `finished_work` of the worker. An exit code would not
    be enough: it comes from the fork server, which may have died.
    """

    process: BaseProcess
    pipe: Connection
    has_finished: bool = False


@dataclass
class ProcessBackend:
    """Starts workers on this machine. They read the prepared data from the folder `scratch`.

    Raises:
        StorageError: If the prepared data cannot be written into the folder.
    """

    plan: SearchPlan
    scratch: Path
    workers: dict[int, _WorkerProcess] = field(default_factory=dict)
    memory_kills: int | None = field(default_factory=count_memory_kills)
    needs_heartbeat_proxy = False

    def __post_init__(self) -> None:
        self.lock = search_lock(self.plan.storage, self.plan.runs)
        try:
            save_splits(self.scratch / SPLITS_FILE)
        except (OSError, RuntimeError) as error:  # torch raises RuntimeError if the disk is full
            raise unwritable_path_error(self.scratch, error) from error

    def start(self, index: int) -> None:
        coordinator_end, worker_end = process_context.Pipe()
        threads = max(1, torch.get_num_threads() // self.plan.workers)
        process = process_context.Process(
            target=run_local_worker, args=(self.plan, index, threads, self.scratch, worker_end)
        )
        with without_working_folder():
            process.start()
        worker_end.close()  # the death of the worker then closes the pipe
        self.workers[index] = _WorkerProcess(process, coordinator_end)

    def receive(self, seconds: float) -> Sequence[Message]:
        # A signal does not end this wait; the timeout does.
        wait([worker.pipe for worker in self.workers.values()], timeout=seconds)
        messages: list[Message] = []
        for index, worker in list(self.workers.items()):
            try:
                while worker.pipe.poll():
                    kind, content = worker.pipe.recv()
                    worker.has_finished |= kind == "finished_work"
                    messages.append((index, kind, content))
            except (EOFError, OSError):
                worker.process.join()
                if not worker.has_finished:
                    messages.append((index, "died", self._exit_reason(worker.process)))
                del self.workers[index]
        return messages

    def request_stop(self) -> None:
        for worker in self.workers.values():
            with suppress(OSError):  # the worker is gone
                worker.pipe.send("stop")

    def kill(self, index: int) -> None:
        if index in self.workers:
            self.workers[index].process.kill()

    def close(self) -> None:
        for worker in self.workers.values():
            if not worker.has_finished:
                worker.process.kill()
            worker.process.join()

    def _exit_reason(self, process: BaseProcess) -> str:
        code = process.exitcode or 0
        if code == -signal.SIGKILL and (kills := count_memory_kills()) != self.memory_kills:
            self.memory_kills = kills
            return OUT_OF_MEMORY
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
