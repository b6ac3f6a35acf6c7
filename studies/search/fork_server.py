"""The fork server: a process that imports the modules of workers once, and forks each worker.

A worker is not a fork of the coordinator: after PyTorch has computed in a process, its forks may
hang. A worker is not a new process either: it would need seconds to import Lightning. On systems
without a fork server, such as Windows, workers are new processes.

The fork server itself is a fork of the coordinator if PyTorch has not computed there yet, so that
nothing is imported twice. Otherwise it is a new process.
"""

import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path
from typing import Any

from ...storage.scratch_folder import lock_folder
from ..study.study_error import StudyError

PRELOADED_MODULES = [
    "latentune.studies.search.fork_server_settings",
    "latentune.studies.search.worker",
    "alembic.command",
    "optuna_dashboard",
    "PIL.PngImagePlugin",
]
"""The modules that the fork server imports: that of a worker, and some that it uses later."""
SAFE_PATH_VARIABLE = "PYTHONSAFEPATH"
"""The environment variable that keeps Python from importing modules of the working folder."""
SAFE_PATH_MARKER = "latentune"
"""The value that Latentune gives this variable; workers remove a variable with this value."""

_folder_locks: list[Any] = []  # held as long as this process lives
_has_fork_server = "forkserver" in multiprocessing.get_all_start_methods()
process_context: Any = multiprocessing.get_context("forkserver" if _has_fork_server else "spawn")


@contextmanager
def without_working_folder() -> Iterator[None]:
    """Keeps processes that start in the block from importing modules of the working folder.

    Python starts the helper processes of `multiprocessing` by `python -c`, which would import the
    user's `random.py` in place of Python's. Processes that start in the block also ignore Ctrl-C,
    which their parent handles.
    """
    before = os.environ.get(SAFE_PATH_VARIABLE)
    os.environ[SAFE_PATH_VARIABLE] = before or SAFE_PATH_MARKER
    try:
        with _ignored_sigint():
            yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH_VARIABLE]


def start_fork_server(*, fork: bool = False) -> None:
    """Starts the fork server, which imports `PRELOADED_MODULES` while this process goes on.

    Args:
        fork: Whether the fork server is a fork of this process, which has imported most of these
            modules, has no threads, and has not computed with PyTorch.

    Raises:
        StudyError: If the fork server cannot be started.
    """
    if not _has_fork_server:
        return
    if not _folder_locks:
        _folder_locks.append(lock_folder(Path(util.get_temp_dir())))
    process_context.set_forkserver_preload(PRELOADED_MODULES)
    try:
        with without_working_folder(), _forks_instead() if fork else nullcontext():
            forkserver.ensure_running()
    except OSError as error:  # the path of its socket may have a hundred letters
        raise StudyError(
            f"cannot start workers by a socket in {tempfile.gettempdir()} ({error}): set TMPDIR "
            "to a folder with a shorter path, or run without worker processes by `workers=` 1"
        ) from error


@contextmanager
def _forks_instead() -> Iterator[None]:
    """Makes `multiprocessing` fork this process where it would start a new Python."""
    resource_tracker.ensure_running()  # stays a new Python
    before, util.spawnv_passfds = util.spawnv_passfds, _fork
    try:
        yield
    finally:
        util.spawnv_passfds = before


def _fork(path: bytes, args: Sequence[Any], passfds: Sequence[int]) -> int:
    """Runs Python code in a fork of this process, and returns the id of the fork.

    Args:
        path: Ignored: the path of Python.
        args: The arguments of Python. The last one is the code.
        passfds: The file descriptors that the fork keeps, beside the standard streams.
    """
    sys.stdout.flush()  # or the fork would write it too
    if pid := os.fork():
        return pid
    try:
        for descriptor in map(int, os.listdir("/dev/fd")):
            if descriptor > 2 and descriptor not in passfds:
                with suppress(OSError):  # the list itself was open
                    os.close(descriptor)
        logging.getLogger("latentune").handlers.clear()  # only the coordinator writes messages
        exec(args[-1], {})  # noqa: S102 - the code is Python's own
    finally:
        os._exit(0)


@contextmanager
def _ignored_sigint() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
