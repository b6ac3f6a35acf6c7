"""A clean process that has imported what workers need; the workers are forks of it.

A fork of a process that has computed may hang, and a process that starts from nothing imports
Lightning for seconds. Where there is no such process, as on Windows, workers start from nothing.
"""

import multiprocessing
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, util
from pathlib import Path
from typing import Any

from ...storage.scratch import claim
from ..errors import StudyError

# What a worker runs, and what that imports only when it is first used.
PRELOAD = [
    "latentune.studies.running.worker",
    "alembic.command",
    "optuna_dashboard",
    "PIL.PngImagePlugin",
]

_claims: list[Any] = []  # for as long as this process lives
_forks = "forkserver" in multiprocessing.get_all_start_methods()
context: Any = multiprocessing.get_context("forkserver" if _forks else "spawn")


def warm_up() -> None:
    """Begins the imports, beside whatever this process does next."""
    if _forks:
        if not _claims:
            _claims.append(claim(Path(util.get_temp_dir())))
        context.set_forkserver_preload(PRELOAD)
        try:
            with _deaf():
                forkserver.ensure_running()
        except OSError as error:  # of a socket there, whose path may have a hundred letters
            raise StudyError(
                f"no processes can be started by way of {tempfile.gettempdir()} ({error}): name a "
                "shorter folder by TMPDIR, or one process by `workers=`"
            ) from error


@contextmanager
def _deaf() -> Iterator[None]:
    """Lets processes that are started ignore Ctrl-C, which is for their parent alone."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
