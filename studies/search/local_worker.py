"""One of several processes on a study: runs trials, and tells its parent over a pipe."""

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import optuna
import torch

from ...objectives.data.preparation.splits import load_splits
from ...storage.database import DatabaseError, database_message, open_database
from ..study.module_trust import allow
from ..study.study_lookup import open_study
from .fork_server import SAFE_PATH_MARKER, SAFE_PATH_VARIABLE
from .search_plan import SearchPlan
from .trial_loop import run_trials
from .worker_context import local_context

SPLITS_FILE = "splits.pt"
"""The file with the data, as `save_splits` writes it."""


def run_local_worker(
    plan: SearchPlan, index: int, threads: int, scratch: Path, parent: Connection
) -> None:
    """Runs trials until none is left, the parent asks to stop, or the parent is gone.

    It sends the messages of `WorkerContext`, then `failed` with the exception that ended it or
    `finished_work`. Anything that it receives asks it to stop.

    Args:
        plan: The search.
        index: Which worker of the search this one is.
        threads: Threads that this worker computes with.
        scratch: The search's folder for a while, with the data in `SPLITS_FILE`.
        parent: The pipe to the parent.
    """
    if (
        os.environ.get(SAFE_PATH_VARIABLE) == SAFE_PATH_MARKER
    ):  # programs of the user may want their folder
        del os.environ[SAFE_PATH_VARIABLE]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all: the parent says what to do
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(threads)
    _select_gpu(index)
    stop_requested, stop = threading.Event(), threading.Event()

    def wait_for_stop() -> None:
        with suppress(EOFError, OSError):
            parent.recv()
        stop_requested.set()
        stop.set()

    def send(kind: str, content: Any) -> None:
        with suppress(
            OSError
        ):  # whoever finds the parent gone still ends its trial: see `wait_for_stop`
            parent.send((kind, content))

    threading.Thread(target=wait_for_stop, daemon=True).start()
    with forward_errors(index, send):
        allow(*plan.trusted_modules)
        load_splits(scratch / SPLITS_FILE)
        study = open_study(open_database(plan.storage), plan.name)
        run_trials(study, plan, stop, local_context(plan, send, scratch))
    if stop.is_set() and not stop_requested.is_set():
        sys.exit(1)  # somebody else has ended it
    send("finished_work", None)


@contextmanager
def forward_errors(index: int, send: Callable[[str, Any], None]) -> Iterator[None]:
    """Tells the head what has ended a worker, in the block."""
    try:
        yield
    except Exception as error:
        error.add_note(f"In worker {index}:\n{traceback.format_exc()}")
        send("failed", _picklable(error))


def _select_gpu(index: int) -> None:
    """Shows CUDA one GPU, before it starts, so that workers spread over all of them."""
    escape_control_characters = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = (
        escape_control_characters.split(",")
        if escape_control_characters
        else [str(i) for i in range(torch.cuda.device_count())]
    )
    if gpus and escape_control_characters != "":
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[index % len(gpus)]


def _picklable(error: Exception) -> Exception:
    """Returns an error that can be sent to the parent: a cause would stay behind."""
    if isinstance(error, DatabaseError):
        return optuna.exceptions.StorageInternalError(database_message(error))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - it is our own
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
