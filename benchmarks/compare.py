"""Compares Latentune with a notebook without it, measured in turns on this machine.

python -m benchmarks.compare          a short run
python -m benchmarks.compare --full   all of it, in an hour and a quarter
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

from . import epoch, storage

PYTHON = [sys.executable, "-W", "ignore"]
Row = tuple[str, ...]

console = Console(width=110, highlight=False)


class Watched:
    """Runs a module of this folder and follows its peak memory; shared pages count once."""

    def __init__(self, module: str, *options: object) -> None:
        command = [*PYTHON, "-m", f"benchmarks.{module}", *map(str, options)]
        started = time.time()
        self.peak = 0
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        watcher = threading.Thread(target=self._watch, args=[process], daemon=True)
        watcher.start()
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()
        self.seconds = time.time() - started
        if process.wait() or not lines:
            raise RuntimeError(f"{' '.join(command)} failed")
        self.answer = json.loads(lines[-1])

    def _watch(self, process: subprocess.Popen[str]) -> None:
        while process.poll() is None:
            try:
                whole = psutil.Process(process.pid)
                family = [whole, *whole.children(recursive=True)]
                self.peak = max(self.peak, sum(p.memory_full_info().pss for p in family))
            except psutil.Error:
                pass  # one of them has just ended
            time.sleep(2)


def searches(full: bool) -> list[Row]:
    """Compares the notebook's search with Latentune's search for as good a value, in turns."""
    trials, epochs, runs = (15, 10, 3) if full else (3, 2, 1)
    found: list[dict[str, float]] = []
    for seed in range(runs):
        size = ("--epochs", epochs, "--seed", seed)
        peer = Watched("notebook", "--trials", trials, *size)
        target = ("--target", peer.answer["value"], *size)
        first = Watched("reach", *target)
        sampled = Watched("reach", *target, "--trials", trials, "--no-default-first")
        found.append(
            {
                "notebook": peer.seconds,
                "epoch": first.answer["epoch_s"],
                "trial": first.answer["trial_s"],
                "sampled epoch": sampled.answer["epoch_s"],
                "sampled trial": sampled.answer["trial_s"],
                "notebook's trials": 3600 * trials / peer.seconds,
                "trials": 3600 * sampled.answer["trials"] / sampled.answer["seconds"],
                "notebook's memory": peer.peak / 2**20,
                "memory": sampled.peak / 2**20,
            }
        )
        console.print(
            f"seed {seed}: the notebook's best is {peer.answer['value']:.4f};", found[-1]
        )

    def row(what: str, before: str, after: str, unit: str = "s", digits: int = 3) -> Row:
        values = [[run[name] for run in found] for name in (before, after)]
        ratio = _ratio(values[1], values[0])
        return (what, *(f"{median(v):,.0f} {unit}" for v in values), f"{ratio:.{digits}f}")

    return [
        row("to an epoch as good as the notebook's best", "notebook", "epoch"),
        row("to a complete trial as good", "notebook", "trial"),
        row("to such an epoch, --no-default-first", "notebook", "sampled epoch"),
        row("to such a trial, --no-default-first", "notebook", "sampled trial"),
        row("trials an hour", "notebook's trials", "trials", "", 1),
        row("peak memory of all processes", "notebook's memory", "memory", "MiB", 1),
    ]


def epochs(full: bool) -> list[Row]:
    """Compares an epoch of each, in turns."""
    taken = epoch.measure(rounds=5, share=1.0 if full else 0.1)

    def row(what: str, before: str, after: str) -> Row:
        return (
            what,
            f"{median(taken[before]):.2f} s",
            f"{median(taken[after]):.2f} s",
            f"{_ratio(taken[after], taken[before]):.2f}",
        )

    return [
        row("an epoch, batches of 300", "notebook", "Latentune, batches of 300"),
        row(
            "beside a bare loop (left), batches of 300",
            "bare loop, batches of 300",
            "Latentune, batches of 300",
        ),
        row(
            "beside a bare loop (left), as a worker trains",
            "bare loop, one thread",
            "Latentune, one thread",
        ),
    ]


def overhead(full: bool) -> list[Row]:
    """Measures the time of a trial outside of its training."""
    sizes = (100, 1000, 5000) if full else (100, 1000)
    rows = [
        (
            f"storage and sampler, a trial after {size:,}",
            "",
            f"{1000 * storage.measure(size):.0f} ms",
            "",
        )
        for size in sizes
    ]
    if full:
        growth = Watched("growth").answer["growth"]
        rows.append(("memory gained over 200 trials", "", f"{growth:.0f} MiB", ""))
    return rows


def command_line(full: bool) -> list[Row]:
    """Measures how long the command line takes to print its help."""

    def seconds(word: str) -> float:
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "latentune", word], check=True, stdout=subprocess.DEVNULL
        )
        return time.perf_counter() - started

    return [
        (f"latentune {word}", "", f"{median(seconds(word) for _ in range(5)):.2f} s", "")
        for word in ("--help", "list")
    ]


def _ratio(after: list[float], before: list[float]) -> float:
    return median(a / b for a, b in zip(after, before, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    full = parser.parse_args().full
    for measure in (command_line, epochs, overhead, searches):  # the longest last
        table = Table("medians", "notebook", "Latentune", "ratio", box=None)
        for row in measure(full):
            table.add_row(*row)
        console.print(table)


if __name__ == "__main__":
    main()
