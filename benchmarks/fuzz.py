"""Runs random command lines on broken files and folders, and checks how they end.

A command must end with exit code 0, or with 2 and one short line; then nothing may be lost,
changed or added, neither a file nor a row of the database. Hypothesis draws the cases, and shrinks
one that fails:

    python -m benchmarks.fuzz --examples 10000

Commands run in this process; nothing is downloaded or served.
"""

import argparse
import faulthandler
import os
import re
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, chdir, closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import optuna
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import latentune
from latentune.studies.cli.app import main

from .fuzz_cases import AE, FRONT, HEAD, TABLE, Case, commands, databases, written
from .fuzz_data import arrays, folders, tables, texts, zips
from .fuzz_files import Changed, Entries, Lines, Rows, clear

KINDS: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    strategy.__name__: strategy
    for strategy in (commands, written, databases, folders, tables, arrays, texts, zips)
}
SECONDS = 60  # after which a case hangs
LETTERS = 500  # of an error message
MEMORY = 12 * 2**30  # of addresses, so that a fault does not take the machine
QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


class Disorder(AssertionError):  # noqa: N818 - it is what a test has found
    """A command that ended in another way than is allowed."""


class Hang(BaseException):
    """Ends a case that takes too long; a BaseException, so that no `except Exception` hides it."""

    @classmethod
    def raised(cls, *_: object) -> None:
        raise cls


def fuzz(kind: str, examples: int, made: Path, number: int = 0) -> Counter[int]:
    """Runs random cases of a kind; needs no network and opens no browser.

    Args:
        kind: A key of `KINDS`.
        examples: Number of cases.
        made: A runs folder, which is copied.
        number: Seed of the cases.

    Returns:
        The number of cases by exit code.

    Raises:
        Disorder: If a case fails; the smallest one is printed.
    """
    ends: Counter[int] = Counter()

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(KINDS[kind]())
    def run(case: Case) -> None:
        ends[play(case, made)] += 1

    with ExitStack() as stack:
        stack.enter_context(patch("socketserver.BaseServer.serve_forever"))
        stack.enter_context(patch("latentune.objectives.metrics.feature_network.STEPS", 5))
        no_network = patch("torchvision.datasets.MNIST.download", side_effect=RuntimeError("none"))
        stack.enter_context(no_network)
        before = signal.signal(signal.SIGALRM, Hang.raised)
        stack.callback(signal.signal, signal.SIGALRM, before)
        run()
    return ends


def play(case: Case, made: Path) -> int:
    """Runs a case in a new folder, and returns its exit code.

    Raises:
        Disorder: If it ends in another way than is allowed.
    """
    with tempfile.TemporaryDirectory() as outside:
        folder = Path(outside) / "inside" / "here"
        folder.mkdir(parents=True)
        with chdir(folder):
            if case.runs:
                shutil.copytree(made, "runs", symlinks=True)
            for name, file in case.files:
                path = Path(name)
                if case.runs or not name.startswith("runs/"):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if not isinstance(file, Changed | Lines | Entries | Rows):
                        clear(path)
                    elif not path.is_file():  # there is nothing to be changed
                        continue
                    file.put(path)
            before = snapshot(Path(outside))
            code = _outcome(list(case.words))
            after = snapshot(Path(outside))
        _compare(before, after, folder, code, case.words)
    return code


def _compare(
    before: dict[Path, object],
    after: dict[Path, object],
    folder: Path,
    code: int,
    words: tuple[str, ...],
) -> None:
    passing = (".lock", "-wal", "-shm")  # SQLite makes and removes these while a database is open
    for path in after.keys() - before.keys():
        asked = path.parent != folder or any(path.stem in word for word in ["runs", *words])
        if folder not in path.parents or not asked:
            raise Disorder(f"made what nobody asked for: {path.relative_to(folder.parents[1])}")
    for path, state in before.items() if code == 2 else ():
        if after.get(path) != state and not path.name.endswith(passing):
            raise Disorder(f"refused, and lost or changed {path.relative_to(folder)}")


def snapshot(folder: Path) -> dict[Path, object]:
    """Returns the state of each file below a folder: size and time, or the rows of a database."""
    found: dict[Path, object] = {}
    for path in folder.rglob("*"):
        state = path.lstat()
        found[path] = None if path.is_dir() else (state.st_size, state.st_mtime_ns)
        if path.name == "studies.db" and path.is_file():
            found[path] = _rows(path)
    return found


def _rows(path: Path) -> object:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return hash(tuple(database.iterdump()))
    except sqlite3.DatabaseError:
        return path.read_bytes()


def _outcome(words: list[str]) -> int:
    """Runs a command line in this process; returns its exit code."""
    code, err = 0, StringIO()
    with (
        patch.object(sys, "argv", ["latentune", *words]),
        patch.object(sys, "path", list(sys.path)),
        warnings.catch_warnings(action="default", record=True) as warned,
        Path(os.devnull).open("w") as out,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        signal.alarm(SECONDS)
        # What no signal interrupts ends the whole.
        faulthandler.dump_traceback_later(3 * SECONDS, exit=True, file=sys.__stderr__)
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        except Hang as error:
            raise Disorder(f"still running after {SECONDS} s") from error
        finally:
            signal.alarm(0)
            faulthandler.cancel_dump_traceback_later()
    _check_said(code, err.getvalue())
    for warning in warned:
        if not issubclass(warning.category, QUIET):
            where = f"{Path(warning.filename).name}:{warning.lineno}"
            raise Disorder(f"{warning.category.__name__} at {where}: {warning.message}")
    return code


def _check_said(code: int, said: str) -> None:
    """Checks the exit code and standard error."""
    if code not in (0, 1, 2, 130):
        raise Disorder(f"exit code {code}: {said[-200:]}")
    if code == 2 and not (said.startswith("latentune: ") and said.find("\n") == len(said) - 1):
        raise Disorder(f"refused, but not in one line: {said[:200]!r}")
    if "Traceback" in said:
        raise Disorder(f"a traceback on standard error: {said.strip().splitlines()[-1]}")
    if len(max(said.splitlines(), key=len, default="")) > LETTERS:
        raise Disorder(f"a long line on standard error: {said[:200]}...")
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", said):
        raise Disorder(f"a control character on standard error: {said[:200]!r}")


def make_studies(folder: Path) -> Path:
    """Makes the studies whose files are damaged; returns the folder of runs."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    runs = folder / "runs"
    small = {"trials": 2, "epochs": 1, "batch_size": 300, "runs": runs}
    with chdir(folder), warnings.catch_warnings(action="ignore"):
        latentune.search("conv-ae", "digits", **small)
        latentune.train(AE, epochs=1, runs=runs)
        latentune.sample(AE, n=50, methods=["kde"], runs=runs)
        latentune.search("head", "digits", encoder=AE, **small)
        latentune.train(HEAD, epochs=1, runs=runs)
        latentune.search("conv-vae", "digits", objectives=("elbo", "kl"), name=FRONT, **small)
        latentune.search("mlp", "wine", **small)
        latentune.train(TABLE, epochs=1, runs=runs)
        with closing(sqlite3.connect(runs / "studies.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that readers write nothing
    return runs


def _report(examples: int, number: int, kinds: list[str]) -> int:
    """Runs all kinds, and prints a line for each; returns how many had a fault."""
    faults, started = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        made = make_studies(Path(folder))
        for kind in kinds:
            begun, line = time.monotonic(), ""
            try:
                ends = fuzz(kind, examples // len(kinds), made, number)
                codes = ", ".join(f"{n:,} x exit code {code}" for code, n in sorted(ends.items()))
                line = f"{ends.total():,} cases: {codes}"
            except Exception as error:
                faults += 1
                traceback.print_exception(error, limit=-4, chain=False)
                line = "a fault, see above"
            print(f"{kind:<10} {line}, {time.monotonic() - begun:.0f} s")
    print(f"{faults} kinds with faults, {time.monotonic() - started:.0f} s")
    return faults


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--examples", type=int, default=10_000, help="cases, of all kinds together"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS, action="append")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    torch.set_num_threads(1)
    sys.exit(bool(_report(options.examples, options.seed, options.kind or list(KINDS))))
