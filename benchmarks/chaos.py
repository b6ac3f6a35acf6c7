"""Kills a search at random, again and again, and checks that nothing is lost or left behind.

    python -m benchmarks.chaos --trials 300 --kills 100 --seed 0

The benchmark also locks the database, deletes artifacts and last epochs, and fills the disk for a
while; filling the disk needs root, or `unshare -rm` in front of the command. The same command
starts the search again until a search succeeds or is not disturbed. With `--workers 1`, all values
are compared with those of an undisturbed search.

A line is printed for each check. If one fails, the exit code is 1 and the folder is kept.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, Signals

import psutil

from .chaos_checks import STUDY, Checks, format_counts, load, outcomes
from .chaos_searches import Search, Searches, processes, wait
from .chaos_troubles import TROUBLES, Disk, small_disk

EARLY = 0.25  # how probable it is that a search is hit before its first trial
CALM, KILL = 0.6, 0.8  # and that a while has no trouble, and that it ends by a kill
WHILE_S = (0.5, 4)
LIMIT_S = 3 * 60 * 60


@dataclass
class Chaos:
    """Disturbs searches in one folder until they end."""

    searches: Searches
    kills: int
    draw: random.Random
    hits: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)

    def disturb(self, search: Search) -> bool:
        """Disturbs a search again and again; returns False if nothing happened to it."""
        before = self._harm
        if self.draw.random() > EARLY:
            self.searches.wait_for_trial(search)
        while self.hits.total() < self.kills:
            if not self.searches.wait_for_kill(search, self.hits.total() / self.kills):
                break
            seconds = self.draw.uniform(*WHILE_S)
            if self.draw.random() < CALM:
                wait(search, seconds)
            else:
                self._trouble(search, seconds)
            if self.draw.random() < KILL:
                self._hit(processes(search), search.pid)
        return self._harm > before

    @property
    def _harm(self) -> int:
        return self.hits.total() + self.troubles.total()

    def _trouble(self, search: Search, seconds: float) -> None:
        weights = [weight for weight, _ in TROUBLES.values()]
        ((name, (_, trouble)),) = self.draw.choices([*TROUBLES.items()], weights)
        with trouble(self.searches.disk, self.draw) as happened:
            if happened:
                self.troubles[name] += 1
            wait(search, seconds)

    def _hit(self, everyone: list[psutil.Process], parent: int) -> None:
        forks = [p for p in everyone if "forkserver" in " ".join(p.info["cmdline"] or [])]
        workers = [p for p in forks if p.info["ppid"] != parent]
        server = [p for p in forks if p not in workers]
        first = [p for p in everyone if p.pid == parent]
        ways: list[tuple[int, Signals, str, list[psutil.Process]]] = [
            (6, SIGKILL, "a worker", self.draw.sample(workers, min(1, len(workers)))),
            (2, SIGKILL, "all workers", workers),
            (2, SIGKILL, "the forkserver", server),
            (3, SIGKILL, "the parent", first),
            (2, SIGKILL, "everything", everyone),
            (1, SIGTERM, "the parent", first),
            (1, SIGINT, "the parent", first),
            (1, SIGINT, "everything", everyone),  # as Ctrl-C does
        ]
        ways = [way for way in ways if way[-1]]  # a search that starts has no workers yet
        if ways:
            ((_, number, name, victims),) = self.draw.choices(ways, [way[0] for way in ways])
            for victim in victims:
                with suppress(psutil.NoSuchProcess):
                    victim.send_signal(number)
            self.hits[f"{number.name} to {name}"] += 1


def check_values(searches: Searches, calm: Disk) -> Checks:
    """Checks that each trial has the same outcome as in an undisturbed search."""
    calm.root.mkdir()
    subprocess.run(searches.command, cwd=calm.root, capture_output=True, check=True)
    found, right = outcomes(load(searches.disk)), outcomes(load(calm))
    same = sum(found.get(number) == then for number, then in right.items())
    yield same == len(right), f"{same} of {len(right)} trials equal those of an undisturbed search"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    command = [sys.executable, "-m", "latentune", "search", *STUDY.rsplit("-", 1)]
    command += ["--trials", str(options.trials), "--workers", str(options.workers)]
    command += ["--epochs", "8", "--pruner", "median"]
    print(f"in {folder}", flush=True)
    with small_disk(folder / "disk") as disk:
        searches = Searches(disk, command, options.trials, folder / "output.txt", LIMIT_S)
        chaos = Chaos(searches, options.kills, random.Random(options.seed))
        found = [*searches.checks(searches.run(chaos.disturb))]
        if options.workers == 1:
            found += check_values(searches, Disk(folder / "calm"))
        for passed, line in found:
            print(f"{'ok' if passed else 'WRONG':<8}{line}")
        right = all(passed for passed, _ in found)
        if not right and disk.mounted:
            shutil.copytree(disk.root, folder / "kept")
    print(f"{chaos.hits.total()} kills of {options.kills}" + format_counts(chaos.hits))
    print(f"{chaos.troubles.total()} other troubles" + format_counts(chaos.troubles))
    if not disk.mounted:
        print("the disk was never full: mounting a small one needs root, or unshare -rm")
    print(f"{searches.ends.total() - 1} restarts; searches by exit code: {dict(searches.ends)}")
    print(f"{time.monotonic() - started:.0f} s")
    if not right:
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
