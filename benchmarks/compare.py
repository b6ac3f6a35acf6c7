"""Latentune beside a notebook without it, measured in turns on this machine.

    python -m benchmarks.compare          a taste, in under five minutes
    python -m benchmarks.compare --full   what the README shows, in about an hour and a half
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

from . import epoch, growth, storage

PYTHON = [sys.executable, "-W", "ignore"]
Row = tuple[str, ...]

console = Console(width=110, highlight=False)


class Watched:
    """Runs a module of this folder and follows its peak memory; shared pages count once."""

    def __init__(self, module: str, *options: object) -> None:
        command = [*PYTHON, "-m", f"benchmarks.{module}", *map(str, options)]
        self.started = time.time()
        self.peak = 0
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        watcher = threading.Thread(target=self._watch, args=[process], daemon=True)
        watcher.start()
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()
        self.seconds = time.time() - self.started
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
            time.sleep(0.5)


def searches(full: bool) -> list[Row]:
    """The notebook's search, then Latentune's until it has found as good a value, in turns."""
    trials, epochs, runs = (15, 10, 3) if full else (3, 2, 1)
    wall, first, sampled, rate, memory = [], [], [], [], []
    for seed in range(runs):
        size = ("--trials", trials, "--epochs", epochs, "--seed", seed)
        peer = Watched("notebook", *size)
        target = ("--target", peer.answer["value"], "--epochs", epochs, "--seed", seed)
        ours = Watched("reach", *target)
        without = Watched("reach", *target, "--trials", trials, "--no-default-first")
        wall.append(peer.seconds)
        first.append((ours.answer["reached"] - ours.started) / peer.seconds)
        sampled.append((without.answer["reached"] - without.started) / peer.seconds)
        ours_a_trial = without.seconds / without.answer["trials"]
        rate.append((3600 * trials / peer.seconds, 3600 / ours_a_trial))
        memory.append((peer.peak / 2**20, without.peak / 2**20))
        console.print(
            f"seed {seed}: notebook {peer.answer['value']:.4f} in {peer.seconds:.0f} s; Latentune "
            f"{first[-1]:.3f} of that, {sampled[-1]:.3f} without the defaults; "
            f"{without.answer['trials']} trials of {without.answer['epochs']} epochs "
            f"in {without.seconds:.0f} s"
        )
    notebook, latentune = (median(r[i] for r in rate) for i in (0, 1))
    before, after = (median(m[i] for m in memory) for i in (0, 1))
    return [
        (
            "wall time to the notebook's best value",
            f"{median(wall):.0f} s",
            f"{median(first) * median(wall):.0f} s",
            f"{median(first):.3f}",
        ),
        (
            "the same without trying the defaults first",
            f"{median(wall):.0f} s",
            f"{median(sampled) * median(wall):.0f} s",
            f"{median(sampled):.3f}",
        ),
        (
            "trials per hour",
            f"{notebook:.0f}",
            f"{latentune:.0f}",
            f"{median(b / a for a, b in rate):.1f}",
        ),
        (
            "peak memory of all processes",
            f"{before:.0f} MiB",
            f"{after:.0f} MiB",
            f"{after / before:.2f}",
        ),
    ]


def epochs(full: bool) -> list[Row]:
    """One epoch of each, in turns."""
    taken = epoch.measure(rounds=5, share=1.0 if full else 0.1)
    limit, peer = taken.pop("bare loop"), taken["notebook"]
    rows = [
        (
            f"an epoch, {name}",
            f"{median(peer):.2f} s" if name != "notebook" else "",
            f"{median(seconds):.2f} s",
            f"{median(a / b for a, b in zip(seconds, peer, strict=True)):.2f}",
        )
        for name, seconds in taken.items()
        if name != "notebook"
    ]
    ratio = median(a / b for a, b in zip(taken["Latentune"], limit, strict=True))
    limit_row = ("an epoch, beside a bare loop with the same tricks", f"{median(limit):.2f} s",
                 f"{median(taken['Latentune']):.2f} s", f"{ratio:.2f}")
    return [*rows, limit_row]
