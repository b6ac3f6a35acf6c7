"""Kills a search at random, again and again, and checks that nothing is lost or left behind.

    python -m benchmarks.chaos --trials 120 --kills 50 --seed 0

A search that has ended is started again by the same command, until one ends well or unharmed.
A line then says what was checked; if any of it is wrong, the exit code is 1 and the folder kept.
"""

import argparse
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, Signals

import optuna
import psutil
from optuna.artifacts import get_all_artifact_meta
from optuna.trial import TrialState

from latentune.storage.database import open_database
from latentune.studies.running.retries import finished

STUDY = "conv-ae-digits"
FIRST_S = (0.5, 12)  # a start takes seconds: some searches are hit in it, others at work
NEXT_S = (0.5, 4)
ORPHANS_S = 30  # in which what a dead search leaves behind has to end by itself
LIMIT_S = 40 * 60
EXPECTED = re.compile(  # files and folders, beside the pictures of trials
    r"output\.txt|tmp|runs|runs/(studies\.db(-wal|-shm)?|search\.lock|artifacts|cache)"
    rf"|runs/{STUDY}(/best\.toml)?|runs/cache/(?!.*(partial|scratch|tmp|pymp-)).*"
)
RANDOM = re.compile(r"[0-9a-f-]{36}|(?<=tmp|mp-|er-|ch-)[a-z0-9_]{8}")  # by uuid, tempfile
TRACEBACK = re.compile(r"Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*(.*)")

Search = subprocess.Popen[bytes]


@dataclass
class Chaos:
    """Searches in one folder, hit until they end."""

    folder: Path  # holds all that they write
    command: list[str]
    kills: int
    draw: random.Random
    hits: Counter[str] = field(default_factory=Counter)
    ends: Counter[int | None] = field(default_factory=Counter)  # exit codes; None is out of time
    outlived: int = 0  # processes that did not end after their search

    def run(self) -> int | None:
        """Returns the exit code of the first search that ends well or unharmed."""
        deadline = time.monotonic() + LIMIT_S
        (self.folder / "tmp").mkdir()
        env = os.environ | {"TMPDIR": str(self.folder / "tmp")}
        with (self.folder / "output.txt").open("ab") as output:
            alone = {"cwd": self.folder, "env": env, "stdout": output, "start_new_session": True}
            while True:
                before = self.hits.total()
                search = Search(self.command, **alone, stderr=output)
                try:
                    self._torment(search)
                    code = wait(search, deadline - time.monotonic())
                finally:
                    self.outlived += see_off(search)
                self.ends[code] += 1
                if not code or self.hits.total() == before:
                    return code

    def _torment(self, search: Search) -> None:
        pause = FIRST_S
        while self.hits.total() < self.kills and wait(search, self.draw.uniform(*pause)) is None:
            self._hit(processes(search), search.pid)
            pause = NEXT_S

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


def checks(chaos: Chaos, code: int | None, total: int) -> Iterator[tuple[bool, str]]:
    yield code == 0, f"exit code {code} of the last search"
    yield not chaos.outlived, f"{chaos.outlived} processes outlived their search by {ORPHANS_S} s"
    ends = Counter(TRACEBACK.findall((chaos.folder / "output.txt").read_text(errors="replace")))
    yield not ends, f"{ends.total()} tracebacks" + listed(ends)
    database = chaos.folder / "runs" / "studies.db"
    with closing(sqlite3.connect(database)) as connection:
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    yield answer == "ok", f"integrity of the database: {answer}"
    study = optuna.load_study(study_name=STUDY, storage=open_database(f"sqlite:///{database}"))
    counted = finished(study.trials)
    well = sum(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in counted)
    lost = len(counted) - well
    told = f"{well} trials finished by their own end, {lost} lost to an interruption"
    yield (well, lost) == (total, 0), told
    left = sum(not trial.state.is_finished() for trial in study.trials)
    yield not left, f"{left} trials running or waiting"
    yield from check_files(chaos.folder, study)


def check_files(folder: Path, study: optuna.Study) -> Iterator[tuple[bool, str]]:
    metas = [m for t in study.trials for m in get_all_artifact_meta(t, storage=study._storage)]
    pictures = {folder / "runs" / "artifacts" / meta.artifact_id for meta in metas}
    whole = sum(path.is_file() and path.stat().st_size > 0 for path in pictures)
    yield whole == len(pictures), f"{whole} of {len(pictures)} pictures are whole"
    names = {path.relative_to(folder).as_posix() for path in set(folder.rglob("*")) - pictures}
    kinds = Counter(RANDOM.sub("*", name) for name in names if not EXPECTED.fullmatch(name))
    yield not kinds, f"{kinds.total()} leftover files and folders" + listed(kinds)


def listed(kinds: Counter[str]) -> str:
    return "".join(f"\n        {times} x {kind}" for kind, times in kinds.most_common())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=120)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    command = [sys.executable, "-m", "latentune", "search", "conv-ae", "digits"]
    command += ["--trials", str(options.trials), "--workers", "2"]
    command += ["--epochs", "24", "--pruner", "none"]
    chaos = Chaos(folder, command, options.kills, random.Random(options.seed))
    print(f"in {folder}", flush=True)
    code, right = chaos.run(), True
    for passed, line in checks(chaos, code, options.trials):
        print(f"{'ok' if passed else 'WRONG':<8}{line}")
        right = right and passed
    print(f"{chaos.hits.total()} kills of {options.kills}" + listed(chaos.hits))
    print(f"{chaos.ends.total() - 1} restarts; searches by exit code: {dict(chaos.ends)}")
    print(f"{time.monotonic() - started:.0f} s")
    if not right:
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
