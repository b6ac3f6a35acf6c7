"""A worker in a process of the coordinator's machine, connected by a pipe."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from optuna.storages import BaseStorage

from ...objectives.data.preparation.splits import load_splits
from ...storage.database import open_database
from ..study.module_trust import allow
from .fork_server import SAFE_PATH_MARKER, SAFE_PATH_VARIABLE
from .search_plan import SearchPlan
from .worker import run_worker
from .worker_context import WorkerContext, local_context

SPLITS_FILE = "splits.pt"
"""The file of the prepared data, as `save_splits` writes it."""


def run_local_worker(
    plan: SearchPlan, index: int, threads: int, scratch: Path, pipe: Connection
) -> None:
    """Runs a worker that sends its messages through a pipe; whatever it receives is a stop.

    Args:
        plan: The search.
        index: Index of the worker in the search.
        threads: Threads of PyTorch.
        scratch: The scratch folder of the search, which holds `SPLITS_FILE`.
        pipe: The pipe to the coordinator.
    """
    if os.environ.get(SAFE_PATH_VARIABLE) == SAFE_PATH_MARKER:
        del os.environ[SAFE_PATH_VARIABLE]  # programs that a trial starts may need their folder
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes
    _select_gpu(index)

    def send(kind: str, content: Any) -> None:
        with suppress(OSError):  # the coordinator is gone; `wait_for_stop` returns too
            pipe.send((kind, content))

    def wait_for_stop() -> None:
        with suppress(EOFError, OSError):
            pipe.recv()

    @contextmanager
    def connect() -> Iterator[tuple[SearchPlan, BaseStorage, WorkerContext]]:
        allow(*plan.trusted_modules)
        load_splits(scratch / SPLITS_FILE)
        yield plan, open_database(plan.storage), local_context(plan, send, scratch)

    run_worker(index, threads, send, wait_for_stop, connect)


def _select_gpu(index: int) -> None:
    """Shows CUDA one GPU before it is initialized, so that workers use all GPUs."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = visible.split(",") if visible else [str(i) for i in range(torch.cuda.device_count())]
    if gpus and visible != "":
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[index % len(gpus)]
