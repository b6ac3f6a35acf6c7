"""Seconds until `search mlp wine` trains, and seconds from its last line to its end.

python -m benchmarks.start --runs 5

The table has medians over the runs, which alternate: seconds of the clock from the start of the
process to its first line, which a terminal gets, to the first batch of a trial and, after the last
line, to the end of all its processes. `import pytorch_lightning` alone is timed the same way. CPU
seconds are those of the process that trains, until the first batch or the end of the import.
"""

import argparse
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

HOOK = """
import os, sys, time
from importlib.util import find_spec

def patch(learner):
    step = learner.training_step
    def timed_step(self, *batch):
        with open(os.environ["BATCHES"], "a") as file:
            print(time.time(), time.process_time(), file=file)
        return step(self, *batch)
    learner.training_step = timed_step

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name != "latentune.models.learner":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        run = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (run(module), patch(module.Learner))
        return spec

sys.meta_path.insert(0, Finder())
"""
"""A `sitecustomize.py`: all processes write the times of their batches to a file."""
IMPORT = "import pytorch_lightning, time; print(time.time(), time.process_time())"
COLUMNS = ("first line", "first batch", "CPU until then", "after the last line")


def search(workers: int, place: Path) -> tuple[float, float, float, float]:
    """Searches in a new runs folder, and returns the values of `COLUMNS`."""
    options = ("--trials", "2", "--epochs", "2", "--workers", str(workers))
    place.mkdir()
    (place / "sitecustomize.py").write_text(HOOK)
    times, (terminal, end) = place / "times", pty.openpty()
    start, lines = time.time(), []
    process = subprocess.Popen(
        [sys.executable, "-m", "latentune", "search", "mlp", "wine", *options],
        stdout=end,
        stderr=end,
        env={**os.environ, "PYTHONPATH": str(place), "BATCHES": str(times)},
        cwd=place,
    )
    os.close(end)
    try:
        while os.read(terminal, 10_000):
            lines.append(time.time())
    except OSError:  # all processes have closed it
        ended = time.time()
    os.close(terminal)
    process.wait()
    batches = sorted(tuple(map(float, line.split())) for line in times.read_text().splitlines())
    batch, cpu = batches[1]  # the first one checks the model
    return lines[0] - start, batch - start, cpu, ended - lines[-1]


def import_lightning() -> tuple[float, float]:
    """Returns the seconds of the clock and the CPU seconds of `import pytorch_lightning`."""
    start = time.time()
    answer = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, check=True)
    ended, cpu = map(float, answer.stdout.split())
    return ended - start, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    found: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for run in range(runs):
            found["import pytorch_lightning"].append(import_lightning())
            for workers in (1, 2):
                place = Path(folder, f"{run}-{workers}")
                found[f"search mlp wine --workers {workers}"].append(search(workers, place))
    print("| |", " | ".join(COLUMNS), "|")
    print("|--|" + "--|" * len(COLUMNS))
    for name, values in found.items():
        medians = [f"{statistics.median(column):.2f}" for column in zip(*values, strict=True)]
        cells = medians if len(medians) == len(COLUMNS) else ["", *medians, ""]
        print(f"| `{name}` |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
