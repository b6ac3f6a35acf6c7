"""A worker on a node: a task of Ray that runs trials, and tells the desk beside the head."""

import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import optuna
import ray
import torch

from ...storage.runs import Runs
from ...storage.scratch import scratch
from ..allowed import allow
from ..finding import open_study
from ..running.plan import SearchPlan
from ..running.trials import run_trials
from ..running.worker import told
from .database import Address, reach
from .links import ask, links_to
from .shipping import Shipped, moved_to, unpack
from .spreading import PLACE


def work(
    index: int, who: str, desk: Any, plan: SearchPlan, database: Address, shipped: Shipped
) -> None:
    """Runs trials until none is left, the head asks to stop, or the head is gone.

    It tells what `Engine.listen` returns, and `begun` first.

    Args:
        index: Which worker of the search this one is.
        who: What tells it from those that had the number before.
        desk: The actor beside the head.
        plan: The search.
        database: Where the database is.
        shipped: What `pack` has packed.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    assert plan.cluster is not None
    torch.set_num_threads(max(1, int(plan.cluster.cpus)))
    stop = threading.Event()

    def tell(word: str, content: Any) -> None:
        with suppress(ray.exceptions.RayError):  # whoever finds the head gone still ends its trial
            ask(desk.tell, who, word, content)

    def listen() -> None:
        with suppress(ray.exceptions.RayError):
            ray.get(desk.wait_for_stop.remote())
        stop.set()

    tell("begun", None)
    threading.Thread(target=listen, daemon=True).start()
    with told(index, tell), scratch(Path(tempfile.gettempdir()) / PLACE) as place:
        allow(*plan.allowed)
        recipe = moved_to(plan.recipe, unpack(shipped, place))
        here = replace(plan, recipe=recipe, runs=Runs(place / "runs"))
        study = open_study(reach(database), plan.name)
        links = links_to(desk, who, here, place, faults=(grpc.RpcError,))
        run_trials(study, here, stop, links)
    tell("left", None)
