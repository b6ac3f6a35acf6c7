"""A clean process that has imported what workers need; the workers are forks of it.

A fork of a process that has computed may hang, and a process that starts from nothing imports
Lightning for seconds. Where there is no such process, as on Windows, workers start from nothing.
"""

import multiprocessing
from multiprocessing import forkserver
from typing import Any

# What a worker runs, and what that imports only when it is first used.
PRELOAD = [
    "latentune.studies.running.worker",
    "alembic.command",
    "optuna_dashboard",
    "PIL.PngImagePlugin",
]

_forks = "forkserver" in multiprocessing.get_all_start_methods()
context: Any = multiprocessing.get_context("forkserver" if _forks else "spawn")


def warm_up() -> None:
    """Begins the imports, beside whatever this process does next."""
    if _forks:
        context.set_forkserver_preload(PRELOAD)
        forkserver.ensure_running()
