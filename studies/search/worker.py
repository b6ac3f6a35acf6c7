"""A worker: it runs trials of a search in a process of this machine or in a Ray task."""

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import optuna
import torch
from optuna.storages import BaseStorage

from ...objectives.data.preparation.splits import load_splits
from ...storage.database import DatabaseError, database_message, open_database
from ..study.garbage_collection import start_garbage_collection
from ..study.module_trust import allow
from ..study.study_lookup import open_study
from .fork_server import SAFE_PATH_MARKER, SAFE_PATH_VARIABLE
from .search_plan import SearchPlan
from .trial_loop import TrialLoop
from .worker_context import SendMessage, WorkerContext, local_context

SPLITS_FILE = "splits.pt"
"""Name of the file in which `save_splits` writes the prepared data."""
WorkerConnection = AbstractContextManager[tuple[SearchPlan, BaseStorage, WorkerContext]]


def run_worker(
    index: int,
    threads: int,
    send: SendMessage,
    wait_for_stop: Callable[[], None],
    connect: Callable[[], WorkerConnection],
) -> None:
    """Runs trials until the search ends or `wait_for_stop` returns.

    The worker sends the messages that `SendMessage` lists. If an error ends the worker, it sends
    `failed` with the error. The last message is `finished_work`.

    Args:
        index: Number of the worker, from 0; it decides which GPU the worker uses.
        threads: Number of threads that PyTorch uses.
        send: Sends a message to the coordinator.
        wait_for_stop: Returns when the coordinator has ended or asks the worker to stop.
        connect: Returns a context manager that yields the plan, the database and the context.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(threads)
    requested, stop = threading.Event(), threading.Event()

    def listen() -> None:
        wait_for_stop()
        requested.set()
        stop.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        with connect() as (plan, storage, context):
            TrialLoop(open_study(storage, plan.name), plan, stop, context).run()
    except Exception as error:
        error.add_note(f"In worker {index}:\n{traceback.format_exc()}")
        send("failed", _to_picklable(error))
    if stop.is_set() and not requested.is_set():
        sys.exit(1)  # a signal of another program has ended the trial
    send("finished_work", None)


def run_local_worker(
    plan: SearchPlan, index: int, threads: int, scratch: Path, pipe: Connection
) -> None:
    """Runs a worker that sends messages through `pipe`, and stops if it receives a message."""
    start_garbage_collection()
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
    """Lets this process see only one GPU; workers with successive indices see different GPUs."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = visible.split(",") if visible else [str(i) for i in range(torch.cuda.device_count())]
    if gpus and visible != "":
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[index % len(gpus)]


def _to_picklable(error: Exception) -> Any:
    """Returns `error` or, if it cannot be pickled, a picklable error with its message."""
    if isinstance(error, DatabaseError):
        return optuna.exceptions.StorageInternalError(database_message(error))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - this process has pickled it
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
