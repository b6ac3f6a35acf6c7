"""A search as a process of its own, started again by the same command until it ends."""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

import psutil

from .chaos_checks import (
    Checks,
    check_disk,
    check_output,
    check_study,
    ended,
    last_beat,
    load,
    outcomes,
)
from .chaos_troubles import Disk

SPREAD = 0.7  # of the trials, over which the kills are spread
BEGIN_S = 120  # in which a search begins a trial, or is hit before
ORPHANS_S = 30  # in which what a dead search leaves behind has to end by itself

Search = subprocess.Popen[bytes]


@dataclass
class Searches:
    """Searches by one command on one disk, one after another.

    Attributes:
        disk: Where they have their files.
        command: What starts each of them.
        trials: The total that they reach together.
        output: A file for what they print.
        limit_s: Seconds for all of them.
    """

    disk: Disk
    command: list[str]
    trials: int
    output: Path
    limit_s: float
    ends: Counter[int | None] = field(default_factory=Counter)  # exit codes; None is out of time
    seen: dict[int, str] = field(default_factory=dict)  # of trials, when they were first finished
    outlived: int = 0  # processes that did not end after their search

    def run(self, torment: Callable[[Search], bool]) -> int | None:
        """Returns the exit code of the first search that ends well or unharmed.

        Args:
            torment: Does something to a search, and returns whether it has.
        """
        deadline = time.monotonic() + self.limit_s
        tmp = self.disk.root / "tmp"
        tmp.mkdir()
        env = os.environ | {"TMPDIR": str(tmp)}
        with self.output.open("ab") as output:
            alone = {"cwd": self.disk.root, "env": env, "stdout": output}
            while True:
                search = Search(self.command, **alone, stderr=output, start_new_session=True)
                try:
                    harmed = torment(search)
                    code = wait(search, deadline - time.monotonic())
                finally:
                    self.outlived += see_off(search)
                self.ends[code] += 1
                self.seen = outcomes(load(self.disk)) | self.seen
                if not code or not harmed:
                    return code

    def see_begin(self, search: Search) -> None:
        """Waits until a search has begun a trial."""
        deadline, before = time.monotonic() + BEGIN_S, last_beat(self.disk)
        while last_beat(self.disk) == before and time.monotonic() < deadline:
            if wait(search, 0.2) is not None:
                return

    def see_due(self, search: Search, share: float) -> bool:
        """Waits until it is time for a kill, and returns whether the search still runs.

        Args:
            search: The search.
            share: Of all kills, those that were before.
        """
        while ended(self.disk) < share * SPREAD * self.trials and search.poll() is None:
            wait(search, 0.5)
        return search.poll() is None

    def checks(self, code: int | None) -> Checks:
        """Checks what has to hold after all of them.

        Args:
            code: The exit code of the last one.
        """
        yield code == 0, f"exit code {code} of the last search"
        yield from check_output(self.output.read_text(errors="replace"))
        yield not self.outlived, f"{self.outlived} orphaned processes"
        study = load(self.disk)
        if study is None:
            yield False, "there is no study"
            return
        yield from check_study(self.disk, study, self.seen, self.trials)
        yield from check_disk(self.disk, study)
        deaths = [trial.user_attrs.get("worker_failures", []) for trial in study.trials]
        yield True, f"{sum(map(len, deaths))} times a trial's process died"


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
