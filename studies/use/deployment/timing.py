"""Measures how long a file and its network take for one item."""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

MIN_ROUNDS, MAX_ROUNDS, MAX_SECONDS = 5, 200, 0.5


class Timing(NamedTuple):
    """Median milliseconds of one run: of the file, and of the network in PyTorch."""

    file: float
    torch: float


def measure(run_file: Callable[[], object], run_torch: Callable[[], object]) -> Timing:
    """Returns the times of two functions, which are run in turn for about half a second."""
    times: tuple[list[float], list[float]] = ([], [])
    run_file(), run_torch()  # the first run is slower
    start = time.perf_counter()
    for number in range(MAX_ROUNDS):
        if number >= MIN_ROUNDS and time.perf_counter() - start > MAX_SECONDS:
            break
        for run, found in zip((run_file, run_torch), times, strict=True):
            before = time.perf_counter()
            run()
            found.append(1000 * (time.perf_counter() - before))
    return Timing(*map(median, times))
