"""A clean process that has imported what workers need; the workers are forks of it.

A fork of a process that has computed may hang, and a process that starts from nothing imports
Lightning for seconds. Where there is no such process, as on Windows, workers start from nothing.
"""

import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, util
from pathlib import Path
from typing import Any

from ...storage.scratch_folder import lock_folder
from ..study.study_error import StudyError

# What a worker runs, and what that imports only when it is first used.
PRELOADED_MODULES = [
    "latentune.studies.search.local_worker",
    "alembic.command",
    "optuna_dashboard",
    "PIL.PngImagePlugin",
]

SAFE_PATH_MARKER = "latentune"
"""Its value where we have set it, so that a worker can take it away for what it starts itself."""

_claims: list[Any] = []  # for as long as this process lives
_has_fork_server = "forkserver" in multiprocessing.get_all_start_methods()
process_context: Any = multiprocessing.get_context("forkserver" if _has_fork_server else "spawn")


SAFE_PATH_VARIABLE = "PYTHONSAFEPATH"
"""The variable that keeps Python from looking for modules in the working folder; see `worker`."""


@contextmanager
def without_working_folder() -> Iterator[None]:
    """Lets processes that are started in the block import nothing of the working folder.

    They are helpers of `multiprocessing`, begun by `python -c`, which looks there first: a
    `random.py` of the user would be run. Ctrl-C is for their parent alone.
    """
    before = os.environ.get(SAFE_PATH_VARIABLE)
    os.environ[SAFE_PATH_VARIABLE] = before or SAFE_PATH_MARKER
    try:
        with _ignore_sigint():
            yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH_VARIABLE]


def start_fork_server() -> None:
    """Begins the imports, beside whatever this process does next."""
    if _has_fork_server:
        if not _claims:
            _claims.append(lock_folder(Path(util.get_temp_dir())))
        process_context.set_forkserver_preload(PRELOADED_MODULES)
        try:
            with without_working_folder():
                forkserver.ensure_running()
        except OSError as error:  # of a socket there, whose path may have a hundred letters
            raise StudyError(
                f"no processes can be started by way of {tempfile.gettempdir()} ({error}): name a "
                "shorter folder by TMPDIR, or one process by `workers=`"
            ) from error


@contextmanager
def _ignore_sigint() -> Iterator[None]:
    """Lets processes that are started ignore Ctrl-C, which is for their parent alone."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
