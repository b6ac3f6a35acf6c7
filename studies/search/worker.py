"""A worker of a search: the part that local processes and Ray tasks share."""

import pickle
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import optuna
import torch
from optuna.storages import BaseStorage

from ...storage.database import DatabaseError, database_message
from ..study.study_lookup import open_study
from .search_plan import SearchPlan
from .trial_loop import TrialLoop
from .worker_context import SendMessage, WorkerContext

Connection = AbstractContextManager[tuple[SearchPlan, BaseStorage, WorkerContext]]


def run_worker(
    index: int,
    threads: int,
    send: SendMessage,
    wait_for_stop: Callable[[], None],
    connect: Callable[[], Connection],
) -> None:
    """Runs trials until the search ends, it is asked to stop, or the coordinator is gone.

    It sends the messages that `SendMessage` lists, then `failed` with the error that ended
    it, if one did, and `finished_work` as the last one.

    Args:
        index: Index of the worker in the search.
        threads: Threads of PyTorch.
        send: Sends a message to the coordinator, and does nothing if that is gone.
        wait_for_stop: Returns when the coordinator asks the worker to stop, or is gone.
        connect: Makes the plan, the database and the context of this worker.
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
        send("failed", _picklable(error))
    if stop.is_set() and not requested.is_set():
        sys.exit(1)  # a signal of another program has ended the trial
    send("finished_work", None)


def _picklable(error: Exception) -> Any:
    """Returns an error that can be sent to the coordinator, without its cause."""
    if isinstance(error, DatabaseError):
        return optuna.exceptions.StorageInternalError(database_message(error))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - it is our own
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
