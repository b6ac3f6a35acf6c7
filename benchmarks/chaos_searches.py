"""Starts a search as a new process with the same command until it ends."""

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
    count_ended,
    last_heartbeat,
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
        disk: The disk with their files.
        command: The command that starts each of them.
        trials: The number of trials that they reach together.
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

    def run(self, disturb: Callable[[Search], bool]) -> int | None:
        """Returns the exit code of the first search that succeeds or is not disturbed.

        Args:
            disturb: Disturbs a search; returns False if nothing happened to it.
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
                    harmed = disturb(search)
                    code = wait(search, deadline - time.monotonic())
                finally:
                    self.outlived += wait_for_processes(search)
                self.ends[code] += 1
                self.seen = outcomes(load(self.disk)) | self.seen
                if not code or not harmed:
                    return code

    def wait_for_trial(self, search: Search) -> None:
        """Waits until a search has begun a trial."""
        deadline, before = time.monotonic() + BEGIN_S, last_heartbeat(self.disk)
        while last_heartbeat(self.disk) == before and time.monotonic() < deadline:
            if wait(search, 0.2) is not None:
                return

    def wait_for_kill(self, search: Search, share: float) -> bool:
        """Waits for the next kill; returns False if the search has ended before.

        Args:
            search: The search.
            share: Share of all kills that have happened.
        """
        while count_ended(self.disk) < share * SPREAD * self.trials and search.poll() is None:
            wait(search, 0.5)
        return search.poll() is None

    def checks(self, code: int | None) -> Checks:
        """Checks the study, the disk and the output after all searches.

        Args:
            code: The exit code of the last search.
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
    """Returns the exit code of a search; None if it still runs after these seconds."""
    with suppress(subprocess.TimeoutExpired):
        return search.wait(max(0, seconds))
    return None


def processes(search: Search) -> list[psutil.Process]:
    """Returns the processes in the session of a search, also if the search itself has ended."""
    found = []
    for process in psutil.process_iter(["cmdline", "ppid", "status"]):
        with suppress(ProcessLookupError):
            dead = process.info["status"] == psutil.STATUS_ZOMBIE
            if os.getsid(process.pid) == search.pid and not dead:
                found.append(process)
    return found


def wait_for_processes(search: Search) -> int:
    """Waits for the processes of a search to end, and returns how many had to be killed."""
    deadline = time.monotonic() + ORPHANS_S
    while (left := processes(search)) and time.monotonic() < deadline:
        time.sleep(0.2)
    if left:
        with suppress(ProcessLookupError):
            os.killpg(search.pid, SIGKILL)
    return len(left)
