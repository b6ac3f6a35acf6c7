"""CPU and wall milliseconds of a step on a quiet and on a busy machine, by the number of threads.

python -m benchmarks.threads --rounds 5 --steps 20

A `cnn` of 2.9 million weights trains on a batch of 7 images of 64x64 pixels. Busy means that two
other processes keep two cores busy. Threads wait for each other by spinning, as is usual, or
passively. The kinds alternate; the table has medians.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import product
from multiprocessing import get_context

BATCH_SIZE, SIDE = 7, 64
HIDDEN = 470  # 2.9 million weights
SPIN = "while True: pass"
WAITING: dict[str, dict[str, str]] = {
    "spinning": {},
    "passively": {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"},
}
KINDS = ((1, "spinning"), (2, "spinning"), (2, "passively"))
"""Number of threads, and how they wait."""


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


def train(waiting: str, threads: int, steps: int) -> tuple[float, float]:
    """Trains a new network; returns the CPU and wall seconds of a step after the first one."""
    os.environ.update(WAITING[waiting])  # before PyTorch is imported
    import torch

    from latentune import DataSpec, Predictor

    torch.set_num_threads(threads)
    model = Predictor(DataSpec((3, SIDE, SIDE), classes=("a", "b")), "cnn", HIDDEN)
    batch = torch.rand(BATCH_SIZE, 3, SIDE, SIDE), torch.randint(0, 2, (BATCH_SIZE,))
    adam = torch.optim.Adam(model.parameters(), fused=True)
    for step in range(steps + 1):
        if step == 1:
            cpu, wall = time.process_time(), time.perf_counter()
        loss = model.loss(model.terms(batch))
        adam.zero_grad()
        loss.backward()
        adam.step()
    return (time.process_time() - cpu) / steps, (time.perf_counter() - wall) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    arguments = parser.parse_args()
    os.environ.pop("OMP_NUM_THREADS", None)
    seconds = defaultdict(list)
    with ExitStack() as stack:
        trainers = {
            waiting: stack.enter_context(ProcessPoolExecutor(1, get_context("spawn")))
            for waiting in WAITING
        }
        for turn in range(arguments.rounds + 1):
            for processes, (threads, waiting) in product((0, 2), KINDS):
                with busy(processes):
                    pending = trainers[waiting].submit(train, waiting, threads, arguments.steps)
                    used = pending.result()
                if turn:  # the first turn imports and warms up
                    seconds[processes, threads, waiting].append(used)
    print("| busy processes | threads | they wait | CPU ms | wall ms |\n|--|--|--|--|--|")
    for (processes, threads, waiting), taken in seconds.items():
        cpu, wall = (1000 * statistics.median(values) for values in zip(*taken, strict=True))
        print(f"| {processes} | {threads} | {waiting} | {cpu:.1f} | {wall:.1f} |")


if __name__ == "__main__":
    main()
