"""CPU and wall seconds of `train` on a quiet and on a busy machine, by the number of threads.

python -m benchmarks.threads --epochs 10 --runs 5

A `cnn` of 2.9 million weights is trained on 450 pictures of 64x64 pixels in batches of 7. Busy
means that two other processes keep two cores busy. The runs of all kinds alternate; the table has
medians of whole `train` commands.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

PICTURES, SIDE = 450, 64
HIDDEN = 470  # 2.9 million weights
SPIN = "while True: pass"
THREADS = {"chosen": (), "1": ("--threads", "1"), "2": ("--threads", "2")}


def make_pictures(folder: Path) -> None:
    """Writes pictures of noise with a bright (class `a`) or a dark (class `b`) square."""
    random = np.random.default_rng(0)
    for number in range(PICTURES):
        pixels = random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        name, value = ("a", 255) if number % 2 else ("b", 0)
        left, top = random.integers(0, SIDE - 16, 2)
        pixels[top : top + 16, left : left + 16] = value
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name / f"{number}.png")


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Runs processes in the block that each keep a core busy."""
    running = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def latentune(folder: Path, *words: str) -> tuple[float, float]:
    """Runs a command in a folder; returns its CPU seconds and its wall seconds."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "latentune", *words]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", default="10")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    seconds = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pictures(folder / "pictures")
        options = ("--batch-size", "7", "--fix", f"hidden={HIDDEN}", "--epochs", "1")
        latentune(folder, "search", "cnn", "pictures", "--trials", "1", *options)
        train = ("train", "cnn-pictures", "--anew", "--pictures", "none")
        for _ in range(arguments.runs):
            for processes in (0, 2):
                for threads, words in THREADS.items():
                    with busy(processes):
                        used = latentune(folder, *train, "--epochs", arguments.epochs, *words)
                    seconds[processes, threads].append(used)
    print("| busy processes | threads | CPU s | wall s |\n|--|--|--|--|")
    for (processes, threads), used in seconds.items():
        cpu, wall = (statistics.median(values) for values in zip(*used, strict=True))
        print(f"| {processes} | {threads} | {cpu:.1f} | {wall:.1f} |")


if __name__ == "__main__":
    main()
