"""How many workers one coordinator can serve: simulates many that train nothing.

    python -W ignore -m benchmarks.cluster --workers 10,30,100,300,1000 --length 30 --seconds 60

Coordinator, coordinator actor, lock, database, proxy and trial loop are real; only the processes
of the workers and their training are simulated. A worker is a thread of one of a few processes
and sleeps as long as a trial takes. Coordinator and workers share the cores of this machine, so
fewer trials finish than a coordinator with its own core could serve; its time for each trial says
how many that would be.

The time of the coordinator grows with the number of RUNNING trials, because each worker reads all
of them when it creates a trial. More workers than it can serve need minutes to start.

The benchmark includes neither a network nor a thousand connections: the threads of a process share
their connection.
"""

import argparse
import time
from contextlib import nullcontext, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import optuna
import psutil
import ray
from ray.cluster_utils import Cluster

from latentune.studies.cluster.coordinator_actor import CoordinatorActor
from latentune.studies.search.coordinator import Coordinator
from latentune.studies.search.ray_backend import RayBackend
from latentune.studies.search.ray_worker import run_ray_worker
from latentune.studies.search.search_plan import SearchPlan, plan_search

from .untrained import untrained

SEARCH = "latentune.studies.search"
PROCESSES = 4
EPOCHS = 10
TRIALS = 10**6  # more than there will be
HEADER = """\
          trials    of the   lock held   processor, ms a trial   trials a minute at most,
workers   a minute   ideal   ms a trial  coord. actor   workers   by coord.     by the lock"""


class MeasuredError(Exception):
    """Ends a search that has been measured."""


class TimedActor(CoordinatorActor):
    """A coordinator actor that measures for how many seconds its lock is held."""

    held, since = 0.0, 0.0

    async def acquire(self, worker_id: str, seconds: float | None = None) -> bool:
        got = await super().acquire(worker_id, seconds)
        if got:
            self.since = time.perf_counter()
        return got

    async def was_held(self) -> float:
        return self.held

    def _release_lock(self, worker_id: str) -> None:
        if self.owner == worker_id:
            self.held += time.perf_counter() - self.since
        super()._release_lock(worker_id)


class Threads:
    """A process whose threads are workers that train nothing."""

    def __init__(self, epoch_s: float) -> None:
        self.place = TemporaryDirectory()
        one = nullcontext(Path(self.place.name))  # a folder each would be swept by all others
        patch(f"{SEARCH}.ray_worker.scratch_folder", lambda cache: one).start()
        self.patches = untrained(epoch_s)
        self.patches.__enter__()

    def run_ray_worker(self, *arguments: Any) -> None:
        run_ray_worker(*arguments)


class ThreadBackend(RayBackend):
    """A backend whose tasks are threads of a few processes."""

    def __init__(self, plan: SearchPlan, scratch: Path, epoch_s: float) -> None:
        super().__init__(plan, scratch)
        actor, coordinator_node, *others = self.arguments
        self.arguments = (
            actor,
            coordinator_node._replace(node="another"),
            *others,
        )  # so that they use the actor
        each = -(-plan.workers // PROCESSES)
        process = ray.remote(Threads).options(num_cpus=0, max_concurrency=each)
        self.processes = [process.remote(epoch_s) for _ in range(PROCESSES)]
        self.task = SimpleNamespace(remote=self._begin)

    def _begin(self, index: int, *arguments: Any) -> Any:
        return self.processes[index % PROCESSES].run_ray_worker.remote(index, *arguments)

    def close(self) -> None:
        for actor in (*self.processes, self.actor):
            ray.kill(actor)


@dataclass
class Spent:
    """The seconds that trials have taken up to a moment.

    `head`, `actor` and `workers` are processor time; `held` is how long the lock was held.
    """

    trials: int
    wall: float
    held: float
    head: float
    actor: float
    workers: float


class Watch:
    """Measures a search from the time when all its workers are busy, and ends it.

    Args:
        length: Seconds of a trial.
        seconds: Seconds of the measurement.
    """

    def __init__(self, length: float, seconds: float) -> None:
        self.length, self.seconds = length, seconds
        self.actor: Any = None
        self.trials = 0
        self.marks: list[Spent] = []
        self.due = 0.0

    def backend(self, plan: SearchPlan, scratch: Path) -> ThreadBackend:
        made = ThreadBackend(plan, scratch, self.length / EPOCHS)
        self.actor = made.actor
        return made

    def __call__(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        self.trials += 1
        now = time.perf_counter()
        if self.trials == 1:
            self.due = now + self.length
        if now < self.due:
            return
        spent = Spent(
            trials=self.trials,
            wall=now,
            held=ray.get(self.actor.was_held.remote()),
            head=time.process_time(),
            actor=_processor("ray::TimedActor"),
            workers=_processor("ray::Threads"),
        )
        self.marks.append(spent)
        self.due = now + self.seconds
        if len(self.marks) == 2:
            raise MeasuredError

    @property
    def result(self) -> Spent:
        first, last = map(astuple, self.marks)
        return Spent(*(b - a for a, b in zip(first, last, strict=True)))


def _processor(title: str) -> float:
    """Returns the seconds that processes with a title have used the processor."""
    seconds = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.cmdline() and process.cmdline()[0].startswith(title):
                times = process.cpu_times()
                seconds += times.user + times.system
    return seconds


def measure(workers: int, length: float, seconds: float, storage: str | None) -> Spent:
    """Runs a search, and returns what it takes once all its workers are busy.

    Args:
        workers: Number of workers.
        length: Seconds of a trial.
        seconds: Seconds of the measurement.
        storage: Optuna URL of the database, if it is not a file.
    """
    watch = Watch(length, seconds)
    with TemporaryDirectory() as folder:
        plan = plan_search(
            *("conv-ae", "digits"),
            name=f"workers-{workers}-{time.time_ns()}",
            trials=TRIALS,
            workers=workers,
            epochs=EPOCHS,
            runs=folder,
            storage=storage,
            cluster="auto",
        )
        with (
            patch(f"{SEARCH}.ray_backend.RayBackend", watch.backend),
            patch(f"{SEARCH}.ray_backend.CoordinatorActor", TimedActor),
            untrained(),  # for the sanity check
            suppress(MeasuredError),
        ):
            Coordinator(plan, [watch]).run("benchmarks.cluster")
    return watch.result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", default="10,30,100,300,1000")
    parser.add_argument("--length", type=float, default=30, help="seconds of a trial")
    parser.add_argument("--seconds", type=float, default=60, help="how long to look at each")
    parser.add_argument("--storage", help="Optuna URL of a database, if not a file")
    options = parser.parse_args()
    print(f"trials of {options.length:g} s\n{HEADER}")
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    ray.init(
        address=cluster.address,
        namespace="latentune",
        log_to_driver=False,
        logging_level="error",
    )
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        for workers in map(int, options.workers.split(",")):
            spent = measure(workers, options.length, options.seconds, options.storage)
            rate = 60 * spent.trials / spent.wall
            parts = (spent.held, spent.head, spent.actor, spent.workers)
            held, head, actor, others = (1e3 * part / spent.trials for part in parts)
            print(
                f"{workers:7,}{rate:11.0f}{rate * options.length / (60 * workers):8.0%}"
                f"{held:13.0f}{head:7.0f}{actor:7.0f}{others:10.0f}"
                f"{60e3 / head:14,.0f}{60e3 / held:14,.0f}",
                flush=True,
            )
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main()
