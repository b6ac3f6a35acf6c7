"""A clean process that has imported what workers need; the workers are forks of it.

A fork of a process that has computed may hang, and a process that starts from nothing imports
Lightning for seconds. Where there is no such process, as on Windows, workers start from nothing.
"""

import multiprocessing
from multiprocessing import forkserver, util
from pathlib import Path
from typing import Any

from ...storage.scratch import claim

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
        forkserver.ensure_running()
