"""A worker on a node: a task of Ray that runs trials, and tells the desk beside the head.

On the head's own machine it uses the head's files, as forks do; elsewhere all goes to the desk.
"""

import threading
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import optuna
import ray
import torch

from ...storage.database_urls import is_file
from ...storage.runs_folder import Runs
from ...storage.scratch_folder import scratch_folder, temporary_scratch_folder
from ..cluster.database import reach
from ..cluster.shipping import Shipped, moved_to, unpack
from ..study.module_trust import allow
from ..study.study_lookup import open_study
from .forks import PRELOAD
from .links import links_here
from .plan import SearchPlan
from .ray_links import ask, links_to
from .trials import run_trials
from .worker import told


class Home(NamedTuple):
    """What workers know of the machine of the head.

    Attributes:
        node: Its id.
        scratch_folder: The search's folder for a while, there.
        url: The URL of the database on other nodes.
        token: What has to be said there; see `serve`.
    """

    node: str
    scratch_folder: Path
    url: str
    token: str


def work(index: int, who: str, desk: Any, home: Home, plan: SearchPlan, shipped: Shipped) -> None:
    """Runs trials until none is left, the head asks to stop, or the head is gone.

    It tells what `Engine.listen` returns, and `begun` first.

    Args:
        index: Which worker of the search this one is.
        who: What tells it from those that had the number before.
        desk: The actor beside the head.
        home: What to know of the head's machine.
        plan: The search, with the paths that its files have there.
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
    beside = ray.get_runtime_context().get_node_id() == home.node
    with (
        told(index, tell),
        scratch_folder(home.scratch_folder) if beside else temporary_scratch_folder() as place,
    ):
        for module in PRELOAD:  # as in forks: else others would wait for the lock meanwhile
            import_module(module)
        allow(*plan.trusted_modules)
        plan = replace(plan, recipe=moved_to(plan.recipe, unpack(shipped, place)))
        if beside:
            links = replace(links_here(plan, tell, place), judges=not is_file(plan.storage))
        else:
            plan = replace(plan, runs=Runs(place / "runs"), storage=home.url)
            links = links_to(desk, who, plan, place, faults=(grpc.RpcError,))
        run_trials(open_study(reach(plan.storage, home.token), plan.name), plan, stop, links)
    tell("left", None)
