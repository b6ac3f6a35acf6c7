"""Kills workers, nodes and coordinators of searches on a Ray cluster, and checks the results.

    python -m benchmarks.cluster_chaos --runs 10 --trials 100 --seed 0

The nodes are simulated on this machine. A node that is killed is replaced by one that joins late;
a search whose coordinator is killed is started again by the same command. With `--silent`, nodes
are also stopped, so that Ray gives them up after a minute.

A line is printed for each run. If a check fails, the exit code is 1 and the folder of the run is
kept.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any

import psutil
from optuna.artifacts import get_all_artifact_meta
from ray.cluster_utils import Cluster

from .chaos_checks import STUDY, Checks, load
from .chaos_searches import ORPHANS_S, Search, Searches, wait
from .chaos_troubles import Disk

EARLY = 0.25  # how probable it is that a search is hit before its first trial
WHILE_S = (0, 4)
LIMIT_S = 30 * 60
WORKERS, CPUS, NODES = 4, 2, 2  # in addition to the head node
OURS = ("ray::run_ray_worker", "ray::CoordinatorActor")  # what a search starts on the nodes


@dataclass
class Nodes:
    """A head node and other nodes, each of which can be lost."""

    cluster: Any
    silent: list[Any] = field(default_factory=list)

    def join(self) -> None:
        """Adds a node."""
        self.cluster.add_node(num_cpus=CPUS)

    def kill(self, draw: random.Random) -> None:
        """Kills a node at once, and adds a new one afterwards."""
        self.cluster.remove_node(self._any(draw), allow_graceful=False)
        self.join()

    def stop(self, draw: random.Random) -> None:
        """Stops a node and all its processes, and adds another node."""
        node = self._any(draw)
        self.silent.append(node)
        self.cluster.worker_nodes.remove(node)
        for process in _family(node):
            process.send_signal(SIGSTOP)
        self.join()

    def wake(self) -> None:
        """Continues the nodes that were stopped, and removes them."""
        while self.silent:
            node = self.silent.pop()
            for process in _family(node):
                process.send_signal(SIGCONT)
            self.cluster.worker_nodes.add(node)
            self.cluster.remove_node(node)

    def _any(self, draw: random.Random) -> Any:
        return draw.choice(sorted(self.cluster.worker_nodes, key=lambda node: node.unique_id))


@dataclass
class Chaos:
    """Disturbs searches on a cluster until they end."""

    searches: Searches
    nodes: Nodes
    kills: int
    draw: random.Random
    silent: bool
    hits: Counter[str] = field(default_factory=Counter)

    def disturb(self, search: Search) -> bool:
        """Disturbs a search again and again; returns False if nothing happened to it."""
        before = self.hits.total()
        if self.draw.random() > EARLY:
            self.searches.wait_for_trial(search)
        while self.hits.total() < self.kills:
            if not self.searches.wait_for_kill(search, self.hits.total() / self.kills):
                break
            if wait(search, self.draw.uniform(*WHILE_S)) is None:
                self._hit(search)
        return self.hits.total() > before

    def _hit(self, search: Search) -> None:
        workers = living(OURS[0])
        ways: list[tuple[int, str, Callable[[], None]]] = [
            (2, "a node", lambda: self.nodes.kill(self.draw)),
            (2, "the head", search.kill),
        ]
        if workers:
            ways += [
                (5, "a worker", lambda: kill([self.draw.choice(workers)])),
                (1, "all workers", lambda: kill(workers)),
            ]
        if self.silent:
            ways.append((2, "a silent node", lambda: self.nodes.stop(self.draw)))
        ((_, name, do),) = self.draw.choices(ways, [way[0] for way in ways])
        do()
        self.hits[name] += 1


def _family(node: Any) -> list[psutil.Process]:
    """Returns the raylet of a node and all processes that it has started."""
    (raylet,) = node.all_processes["raylet"]
    first = psutil.Process(raylet.process.pid)
    return [first, *first.children(recursive=True)]


def kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(SIGKILL)


def living(*titles: str) -> list[psutil.Process]:
    """Returns the processes on the nodes whose title, which Ray sets, is one of `titles`."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.cmdline()[:1] and process.cmdline()[0].startswith(titles):
                found.append(process)
    return found


def checks(searches: Searches, code: int | None) -> Checks:
    """Checks the nodes and all that is checked after any search."""
    deadline = time.monotonic() + ORPHANS_S
    while (left := living(*OURS)) and time.monotonic() < deadline:
        time.sleep(0.2)
    yield not left, f"{len(left)} processes left on the nodes"
    kill(left)
    yield from searches.checks(code)
    if study := load(searches.disk):
        bare = [t for t in study.trials if not get_all_artifact_meta(t, storage=study._storage)]
        yield not bare, f"{len(bare)} trials without a picture"


@contextmanager
def nodes(folder: Path) -> Iterator[Nodes]:
    """Starts a cluster of a head node and others on this machine, with its files in a folder."""
    os.environ |= {"TMPDIR": str(folder), "RAY_USAGE_STATS_ENABLED": "0"}
    tempfile.tempdir = str(folder)  # which Python has looked up before
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": CPUS, "include_dashboard": False}
    )
    made = Nodes(cluster)
    try:
        for _ in range(NODES):
            made.join()
        yield made
    finally:
        made.wake()
        cluster.shutdown()


def run(disk: Disk, made: Nodes, options: argparse.Namespace, seed: int) -> bool:
    """Runs one search to its end and prints its result; returns True if nothing is wrong."""
    started = time.monotonic()
    disk.root.mkdir()
    command = [sys.executable, "-m", "latentune", "search", *STUDY.rsplit("-", 1)]
    command += ["--trials", str(options.trials), "--workers", str(WORKERS)]
    command += ["--epochs", "3", "--pruner", "median", "--cluster", made.cluster.address]
    output = disk.root.with_suffix(".txt")
    searches = Searches(disk, command, options.trials, output, LIMIT_S)
    chaos = Chaos(searches, made, options.kills, random.Random(seed), options.silent)
    code = searches.run(chaos.disturb)
    made.wake()
    found = [*checks(searches, code)]
    right = all(passed for passed, _ in found)
    hits = ", ".join(f"{times} x {name}" for name, times in chaos.hits.most_common())
    seconds = time.monotonic() - started
    ends = ", ".join(f"{times} x {end}" for end, times in searches.ends.items())
    print(f"{'ok' if right else 'WRONG':<6}{seconds:4.0f} s; killed {hits}; exit codes {ends}")
    for passed, line in found:
        if not passed:
            print(f"      {line}")
    return right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--kills", type=int, default=10, help="in each run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--silent", action="store_true", help="stop nodes, too")
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    print(f"in {folder}")
    place = folder / "nodes"
    place.mkdir()
    right = 0
    with nodes(place) as made:
        for number in range(options.runs):
            disk = Disk(folder / f"run-{number}")
            if run(disk, made, options, options.seed + number):
                right += 1
                shutil.rmtree(disk.root)
    left = psutil.Process().children(recursive=True)
    print(f"{right} of {options.runs} exact, {len(left)} processes left")
    if left or right < options.runs:
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
