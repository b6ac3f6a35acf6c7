"""The engine of one machine: workers are forks, and each has a pipe to the head."""

import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from ...objectives.data.preparation.splits import save_splits
from ...storage.runs_folder import write_error
from .fork_server import process_context, without_working_folder
from .local_worker import SPLITS_FILE, run_local_worker
from .search_plan import SearchPlan


@dataclass
class _WorkerProcess:
    """A process, and our end of the pipe to it.

    Whether it leaves is said by itself: its exit code reaches us through the process that it was
    forked from, which may have died.
    """

    process: BaseProcess
    pipe: Connection
    has_finished: bool = False


@dataclass
class ProcessBackend:
    """Workers on this machine.

    Attributes:
        plan: The search.
        scratch: The search's folder for a while, to which the data is written.

    Raises:
        StorageError: If it cannot be written.
    """

    plan: SearchPlan
    scratch: Path
    workers: dict[int, _WorkerProcess] = field(default_factory=dict)
    needs_heartbeat_proxy = False

    def __post_init__(self) -> None:
        try:
            save_splits(self.scratch / SPLITS_FILE)
        except (OSError, RuntimeError) as error:  # torch has an error of its own for a full disk
            raise write_error(self.scratch, error) from error

    def start(self, index: int) -> None:
        ours, theirs = process_context.Pipe()
        threads = max(1, torch.get_num_threads() // self.plan.workers)
        process = process_context.Process(
            target=run_local_worker, args=(self.plan, index, threads, self.scratch, theirs)
        )
        with without_working_folder():
            process.start()
        theirs.close()  # so that its death ends the pipe
        self.workers[index] = _WorkerProcess(process, ours)

    def receive(self, seconds: float) -> Sequence[tuple[int, str, Any]]:
        # A signal does not wake this up: the timeout does.
        wait([worker.pipe for worker in self.workers.values()], timeout=seconds)
        messages: list[tuple[int, str, Any]] = []
        for index, worker in list(self.workers.items()):
            try:
                while worker.pipe.poll():
                    kind, content = worker.pipe.recv()
                    worker.has_finished = worker.has_finished or kind == "finished_work"
                    messages.append((index, kind, content))
            except (EOFError, OSError):
                worker.process.join()
                if not worker.has_finished:
                    messages.append((index, "died", _exit_reason(worker)))
                del self.workers[index]
        return messages

    def request_stop(self) -> None:
        for worker in self.workers.values():
            with suppress(OSError):  # it is gone already
                worker.pipe.send("stop")

    def close(self) -> None:
        for worker in self.workers.values():
            if not worker.has_finished:
                worker.process.kill()
            worker.process.join()


def _exit_reason(worker: _WorkerProcess) -> str:
    code = worker.process.exitcode or 0
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
