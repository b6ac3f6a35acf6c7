"""CPU seconds of `latentune dashboard`, by the number of trials of a study.

python -m benchmarks.dashboard --trials 2 1000 5000 --runs 5

The table has medians: CPU seconds of the server until it says its address, from there to its
first answer (the imports of optuna-dashboard), and for the first page of the study. "of which
reading" is our part of this page: all trials of the study from the database.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from urllib.request import urlopen

import psutil

from .light import grow, make_runs

COLUMNS = ("until its address", "first answer", "page of the study", "of which reading")
READING = """
import time
from latentune.storage.dashboard_server import DashboardStorage
from latentune.storage.database import open_database

storage = DashboardStorage(open_database("sqlite:///runs/studies.db"))
storage.get_all_trials(1, states=())
start = time.process_time()
storage.get_all_trials(1)
print(time.process_time() - start)
"""


def serve(folder: Path, port: int) -> list[float]:
    """Starts a dashboard, asks for the page of a study, and returns the values of `COLUMNS`."""
    command = [sys.executable, "-m", "latentune", "dashboard", "--port", str(port)]
    used = [0.0]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split("/dashboard")[0]
        for path in (None, "meta", "studies/1?after=0"):
            if path is not None:
                urlopen(f"{address}/api/{path}").read()
            times = psutil.Process(server.pid).cpu_times()
            used.append(times.user + times.system)
        server.kill()
    reading = subprocess.run(
        [sys.executable, "-c", READING], cwd=folder, capture_output=True, check=True
    )
    return [*(b - a for a, b in pairwise(used)), float(reading.stdout)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[2, 1000, 5000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--port", type=int, default=8379)
    options = parser.parse_args()
    found = defaultdict(list)
    with tempfile.TemporaryDirectory() as place:
        made = make_runs(Path(place))
        for trials in options.trials:
            shutil.copytree(made, Path(place, str(trials)) / "runs")
            grow(Path(place, str(trials)) / "runs", trials)
        for _ in range(options.runs):
            for trials in options.trials:
                found[trials].append(serve(Path(place, str(trials)), options.port))
    print("| trials |", " | ".join(COLUMNS), "|")
    print("|--|" + "--|" * len(COLUMNS))
    for trials, values in found.items():
        cells = [f"{statistics.median(column):.2f} s" for column in zip(*values, strict=True)]
        print(f"| {trials:,} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
