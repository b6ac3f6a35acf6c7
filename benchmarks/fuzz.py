"""Random command lines, broken files and odd folders of images: each must end in order.

In order means exit code 0, or 2 with one short line and nothing lost. Each case has a seed of its
own: `python -m benchmarks.fuzz 3000`, then `--only 17` repeats one.
"""

import argparse
import os
import re
import resource
import shlex
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from contextlib import chdir, closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from typing import NamedTuple
from unittest.mock import patch

import optuna
import torch

import latentune
from latentune.studies.cli.app import main

from .fuzz_cases import AE, FRONT, HEAD, commands, files, folders

PACKAGE = Path(latentune.__file__).parent
SECONDS = 60  # after which a case hangs
LETTERS = 500  # of an error message
MEMORY = 12 * 2**30  # of addresses, so that a fault does not take the machine
QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


class Fault(NamedTuple):
    """What went wrong in a case; those of the same `what` are likely the same."""

    case: int
    kind: str
    command: str
    what: str
    detail: str


class Hang(BaseException):
    """The time of a case is over; no `except Exception` of ours may hide it."""

    @classmethod
    def raised(cls, *_: object) -> None:
        raise cls


def run(cases: int, seed: int = 0, first: int = 0) -> list[Fault]:
    """Prints and returns the faults of so many cases; needs no network and opens no browser."""
    faults: list[Fault] = []
    started = time.monotonic()
    signal.signal(signal.SIGALRM, Hang.raised)
    with (
        tempfile.TemporaryDirectory() as scratch,
        patch("torchvision.datasets.MNIST.download", side_effect=RuntimeError("no network")),
        patch("socketserver.BaseServer.serve_forever"),
        patch("latentune.objectives.metrics.features.STEPS", 5),
    ):
        made = Path(scratch) / "made"
        _make_studies(made)
        for case in range(first, first + cases):
            for fault in _faults(case, Random(f"{seed} {case}"), made, Path(scratch) / "cases"):
                faults.append(fault)
                print("case {}, {}: {}\n    {}: {}".format(*fault))
            if (done := case - first + 1) % 100 == 0:
                print(f"{done} cases, {done / (time.monotonic() - started):.1f} a second")
    return faults


def _make_studies(folder: Path) -> None:
    folder.mkdir()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    small = {"trials": 2, "epochs": 1, "batch_size": 300}
    with chdir(folder), warnings.catch_warnings(action="ignore"):
        latentune.search("conv-ae", "digits", **small)
        latentune.train(AE, epochs=1)
        latentune.sample(AE, n=50, methods=["kde"])
        latentune.search("head", "digits", encoder=AE, **small)
        latentune.train(HEAD, epochs=1)
        latentune.search("conv-vae", "digits", objectives=("elbo", "kl"), name=FRONT, **small)
        with closing(sqlite3.connect("runs/studies.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that readers write nothing


def _faults(case: int, rng: Random, made: Path, outside: Path) -> list[Fault]:
    make = rng.choice([commands, files, folders])
    folder = outside / "inside" / str(case)
    folder.mkdir(parents=True)
    with chdir(folder):
        if make != commands or rng.random() < 0.8:
            shutil.copytree(made / "runs", "runs")
        words = make(rng)
        before = _snapshot(outside)
        code, troubles = _outcome(words)
        after = _snapshot(outside)
    for path in after.keys() - before.keys():
        asked = path.parent != folder or any(path.stem in word for word in ["runs", *words])
        if folder not in path.parents or not asked:
            troubles["made what nobody asked for"] = str(path.relative_to(outside))
    for path, state in before.items() if code == 2 else ():
        if after.get(path) != state and not path.name.endswith((".lock", "-wal", "-shm")):
            troubles["refused, and lost or changed a file"] = str(path.relative_to(folder))
    shutil.rmtree(outside)
    command = shlex.join(["latentune", *words])
    return [Fault(case, make.__name__, command, *trouble) for trouble in troubles.items()]


def _snapshot(folder: Path) -> dict[Path, object]:
    """Returns size and time of all files below a folder, and None of the folders."""
    states = {path: path.lstat() for path in folder.rglob("*")}
    return {p: None if p.is_dir() else (s.st_size, s.st_mtime_ns) for p, s in states.items()}


def _outcome(words: list[str]) -> tuple[int, dict[str, str]]:
    """Runs a command line in this process; returns its exit code and what was wrong."""
    code, err, troubles = 0, StringIO(), {}
    with (
        patch.object(sys, "argv", ["latentune", *words]),
        warnings.catch_warnings(action="default", record=True) as warned,
        Path(os.devnull).open("w") as out,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        signal.alarm(SECONDS)
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        except (Exception, Hang) as error:
            troubles[f"{type(error).__name__} at {_place(error)}"] = str(error)[-200:]
        finally:
            signal.alarm(0)
    said = err.getvalue()
    if code not in (0, 1, 2, 130):
        troubles[f"exit code {code}"] = said[-200:]
    if code == 2 and not (said.startswith("latentune: ") and said.find("\n") == len(said) - 1):
        troubles["refused, but not in one line"] = repr(said[:200])
    if "Traceback" in said:
        troubles["a traceback on stderr"] = said.strip().splitlines()[-1]
    if len(max(said.splitlines(), key=len, default="")) > LETTERS:
        troubles["a long line on stderr"] = f"{said[:200]}..."
    for warning in warned:
        if not issubclass(warning.category, QUIET):
            where = f"{Path(warning.filename).name}:{warning.lineno}"
            troubles[f"{warning.category.__name__} at {where}"] = str(warning.message)[:200]
    return code, troubles


def _place(error: BaseException) -> str:
    """Returns the last line of our package in a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno}".partition(f"{PACKAGE}/")[2] for frame in frames]
    ours = [p for p in places if p and not re.match("benchmarks|.*site-packages", p)]
    return ours[-1] if ours else "?"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="?", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="CASE")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    torch.set_num_threads(1)
    cases, first = (options.cases, 0) if options.only is None else (1, options.only)
    faults = run(cases, options.seed, first)
    for what, count in Counter(fault.what for fault in faults).most_common():
        print(f"{count:>6}  {what}; --only {next(f.case for f in faults if f.what == what)}")
    print(f"{cases} cases, {len(faults)} faults")
    sys.exit(bool(faults))
