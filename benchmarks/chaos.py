"""Kills a search at random, again and again, and checks that nothing is lost or left behind.

    python -m benchmarks.chaos --trials 300 --kills 100 --seed 0

Beside the kills, the database is locked, artifacts and last epochs go, and the disk is full for a
while; that one needs root, or `unshare -rm` in front of the command. A search that has ended is
started again by the same command, until one ends well or unharmed. With `--workers 1`, all values
are compared with those of a search that nobody has disturbed.

A line then says what was checked; if any of it is wrong, the exit code is 1 and the folder kept.
"""

import argparse
import os
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

from .chaos_checks import (
    STUDY,
    Checks,
    check_disk,
    check_output,
    check_study,
    ended,
    last_beat,
    listed,
    load,
    outcomes,
)
from .chaos_troubles import TROUBLES, Disk, small_disk

EARLY = 0.25  # how probable it is that a search is hit before its first trial
CALM, KILL = 0.6, 0.8  # and that a while has no trouble, and that it ends by a kill
WHILE_S = (0.5, 6)
SPREAD = 0.7  # of the trials, over which the kills are spread
BEGIN_S = 120  # in which a search begins a trial, or is hit before
ORPHANS_S = 30  # in which what a dead search leaves behind has to end by itself
LIMIT_S = 3 * 60 * 60

Search = subprocess.Popen[bytes]


@dataclass
class Chaos:
    """Searches in one folder, hit until they end."""

    folder: Path
    disk: Disk
    command: list[str]
    trials: int
    kills: int
    draw: random.Random
    hits: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    ends: Counter[int | None] = field(default_factory=Counter)  # exit codes; None is out of time
    seen: dict[int, str] = field(default_factory=dict)  # of trials, when they were first finished
    outlived: int = 0  # processes that did not end after their search

    @property
    def harm(self) -> int:
        """How often something has befallen the searches."""
        return self.hits.total() + self.troubles.total()

    def run(self) -> int | None:
        """Returns the exit code of the first search that ends well or unharmed."""
        deadline = time.monotonic() + LIMIT_S
        tmp = self.disk.root / "tmp"
        tmp.mkdir()
        env = os.environ | {"TMPDIR": str(tmp)}
        with self.output.open("ab") as output:
            alone = {"cwd": self.disk.root, "env": env, "stdout": output}
            while True:
                before = self.harm
                search = Search(self.command, **alone, stderr=output, start_new_session=True)
                try:
                    self._torment(search)
                    code = wait(search, deadline - time.monotonic())
                finally:
                    self.outlived += see_off(search)
                self.ends[code] += 1
                self.seen = outcomes(load(self.disk)) | self.seen
                if not code or self.harm == before:
                    return code

    @property
    def output(self) -> Path:
        """What all searches have printed."""
        return self.folder / "output.txt"

    def _torment(self, search: Search) -> None:
        if self.draw.random() > EARLY:
            self._see_begin(search)
        while self.hits.total() < self.kills and search.poll() is None:
            if ended(self.disk) < self.hits.total() * SPREAD * self.trials / self.kills:
                wait(search, 0.5)
                continue
            seconds = self.draw.uniform(*WHILE_S)
            if self.draw.random() < CALM:
                wait(search, seconds)
            else:
                self._trouble(search, seconds)
            if self.draw.random() < KILL:
                self._hit(processes(search), search.pid)

    def _see_begin(self, search: Search) -> None:
        """Waits until a search has begun a trial."""
        deadline, before = time.monotonic() + BEGIN_S, last_beat(self.disk)
        while last_beat(self.disk) == before and time.monotonic() < deadline:
            if wait(search, 0.2) is not None:
                return

    def _trouble(self, search: Search, seconds: float) -> None:
        weights = [weight for weight, _ in TROUBLES.values()]
        ((name, (_, trouble)),) = self.draw.choices([*TROUBLES.items()], weights)
        with trouble(self.disk, self.draw) as happened:
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


def wait(search: Search, seconds: float) -> int | None:
    """Returns the exit code of a search, or None if it has not ended after so many seconds."""
    with suppress(subprocess.TimeoutExpired):
        return search.wait(max(0, seconds))
    return None


def processes(search: Search) -> list[psutil.Process]:
    """Returns what runs in the session of a search, also when the search itself is gone."""
    found = []
    for process in psutil.process_iter(["cmdline", "ppid", "status"]):
        with suppress(ProcessLookupError):
            dead = process.info["status"] == psutil.STATUS_ZOMBIE
            if os.getsid(process.pid) == search.pid and not dead:
                found.append(process)
    return found


def see_off(search: Search) -> int:
    """Waits for the processes of a search to end, and returns how many had to be killed."""
    deadline = time.monotonic() + ORPHANS_S
    while (left := processes(search)) and time.monotonic() < deadline:
        time.sleep(0.2)
    if left:
        with suppress(ProcessLookupError):
            os.killpg(search.pid, SIGKILL)
    return len(left)


def checks(chaos: Chaos, code: int | None, total: int) -> Checks:
    yield code == 0, f"exit code {code} of the last search"
    yield from check_output(chaos.output.read_text(errors="replace"))
    yield not chaos.outlived, f"{chaos.outlived} orphaned processes"
    study = load(chaos.disk)
    if study is None:
        yield False, "there is no study"
        return
    yield from check_study(chaos.disk, study, chaos.seen, total)
    yield from check_disk(chaos.disk, study)
    deaths = [trial.user_attrs.get("deaths", []) for trial in study.trials]
    yield True, f"{sum(map(len, deaths))} times a trial's process died"


def check_values(chaos: Chaos) -> Checks:
    """Checks that each trial has found what it finds in a search that nobody disturbs."""
    calm = Disk(chaos.folder / "calm")
    calm.root.mkdir()
    subprocess.run(chaos.command, cwd=calm.root, capture_output=True, check=True)
    found, right = outcomes(load(chaos.disk)), outcomes(load(calm))
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
        chaos = Chaos(
            folder, disk, command, options.trials, options.kills, random.Random(options.seed)
        )
        code, right = chaos.run(), True
        found = [*checks(chaos, code, options.trials)]
        if options.workers == 1:
            found += check_values(chaos)
        for passed, line in found:
            print(f"{'ok' if passed else 'WRONG':<8}{line}")
            right = right and passed
        if not right and disk.mounted:
            shutil.copytree(disk.root, folder / "kept")
    print(f"{chaos.hits.total()} kills of {options.kills}" + listed(chaos.hits))
    print(f"{chaos.troubles.total()} other troubles" + listed(chaos.troubles))
    if not disk.mounted:
        print("the disk was never full: mounting a small one needs root, or unshare -rm")
    print(f"{chaos.ends.total() - 1} restarts; searches by exit code: {dict(chaos.ends)}")
    print(f"{time.monotonic() - started:.0f} s")
    if not right:
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
