"""CPU and wall seconds of an epoch on a quiet and on a busy machine, by the number of threads.

python -m benchmarks.threads --epochs 2 --runs 5

`train` trains a `cnn` of 2.9 million weights on 450 pictures of 64x64 pixels in batches of 7. Busy
means that two other processes keep two cores busy. Threads wait for each other by spinning, as is
usual, or passively. The runs of all kinds alternate; the table has medians of the seconds of
`train`, without the imports, divided by the number of epochs.
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
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

PICTURES, SIDE = 450, 64
HIDDEN = 470  # 2.9 million weights
SPIN = "while True: pass"
STUDY = "cnn-pictures"
WAITING: dict[str, dict[str, str]] = {
    "spinning": {},
    "passively": {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"},
}
KINDS = (
    (None, "spinning"),
    (1, "spinning"),
    (2, "spinning"),
    (None, "passively"),
    (2, "passively"),
)
"""Number of threads, where None lets `train` choose, and how they wait."""


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


def train(folder: Path, waiting: str, threads: int | None, epochs: int) -> tuple[float, float]:
    """Trains the best trial of the study; returns the CPU and wall seconds of an epoch."""
    os.environ.update(WAITING[waiting])  # before PyTorch is imported
    import latentune

    os.chdir(folder)
    cpu, wall = time.process_time(), time.perf_counter()
    latentune.train(STUDY, epochs=epochs, threads=threads, resume=False, pictures="none")
    return (time.process_time() - cpu) / epochs, (time.perf_counter() - wall) / epochs


def search(folder: Path) -> None:
    """Searches one trial of the network, which the trainings then train."""
    command = [sys.executable, "-m", "latentune", "search", "cnn", "pictures", "--trials", "1"]
    options = ["--batch-size", "7", "--fix", f"hidden={HIDDEN}", "--epochs", "1"]
    subprocess.run(command + options, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    os.environ.pop("OMP_NUM_THREADS", None)
    seconds = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        make_pictures(folder / "pictures")
        search(folder)
        trainers = {
            waiting: stack.enter_context(ProcessPoolExecutor(1, get_context("spawn")))
            for waiting in WAITING
        }
        for run in range(arguments.runs + 1):
            for processes, (threads, waiting) in product((0, 2), KINDS):
                with busy(processes):
                    kind = folder, waiting, threads, arguments.epochs
                    used = trainers[waiting].submit(train, *kind).result()
                if run:  # the first run imports and warms up
                    seconds[processes, threads, waiting].append(used)
    print("| busy processes | threads | they wait | CPU s | wall s |\n|--|--|--|--|--|")
    for (processes, threads, waiting), taken in seconds.items():
        cpu, wall = (statistics.median(values) for values in zip(*taken, strict=True))
        print(f"| {processes} | {threads or 'chosen'} | {waiting} | {cpu:.2f} | {wall:.2f} |")


if __name__ == "__main__":
    main()
