"""CPU seconds and peak memory of the verbs that only read, by the number of trials of a study.

python -m benchmarks.light --trials 0 100 1000 10000 --runs 5

Each verb runs in a process of its own; the runs of all verbs and sizes alternate. The table has
medians: CPU seconds (user and system), and the largest resident memory in MB.
"""

import argparse
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import closing
from pathlib import Path

STUDY = "mlp-wine"
VERBS = (
    ("--version",),
    ("list",),
    ("list", "mlp"),
    ("status",),
    ("status", STUDY),
    ("best", STUDY),
    ("export", STUDY),
    ("export", STUDY, "--format", "json"),
    ("export", STUDY, "--to", "study.zip"),
    ("import", "study.zip", "--runs", "elsewhere"),
    ("doctor",),
    ("train", "mlp-win"),
    ("show", "nope.csv"),
)
COPIED = ("trial_values", "trial_params", "trial_user_attributes", "trial_system_attributes")
STEPS = 10  # intermediate values of a copied trial


def make_runs(folder: Path) -> Path:
    """Returns a runs folder with a study of two trials and its trained network."""
    for words in (("search", "mlp", "wine", "--trials", "2", "--epochs", "2"), ("train", STUDY)):
        options = ("--epochs", "2") if words[0] == "train" else ()
        command = [sys.executable, "-m", "latentune", *words, *options]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "runs"


def grow(runs: Path, total: int) -> None:
    """Adds copies of the first complete trial with other values, up to a number of trials."""
    with closing(sqlite3.connect(runs / "studies.db")) as database, database:
        (copied,) = database.execute(
            "SELECT min(trial_id) FROM trials WHERE state = 'COMPLETE'"
        ).fetchone()
        last, number = database.execute("SELECT max(trial_id), max(number) FROM trials").fetchone()
        for more in range(1, total - number):
            database.execute(
                "INSERT INTO trials SELECT ?, ?, study_id, state, datetime_start, "
                "datetime_complete FROM trials WHERE trial_id = ?",
                (last + more, number + more, copied),
            )
            for table in COPIED:
                columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
                names = ", ".join(name for name in columns[1:] if name != "trial_id")
                database.execute(
                    f"INSERT INTO {table} (trial_id, {names}) SELECT ?, {names} FROM {table} "
                    "WHERE trial_id = ?",
                    (last + more, copied),
                )
            database.execute(
                "UPDATE trial_values SET value = value - ? WHERE trial_id = ?",
                (random.random(), last + more),
            )
            database.executemany(
                "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, "
                "intermediate_value_type) VALUES (?, ?, ?, 'FINITE')",
                [(last + more, step, random.random()) for step in range(STEPS)],
            )


def measure(words: tuple[str, ...], folder: Path) -> tuple[float, float]:
    """Returns the CPU seconds and the peak memory in MB of a command."""
    shutil.rmtree(folder / "elsewhere", ignore_errors=True)
    command = [sys.executable, "-m", "latentune", *words]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[2, 100, 1000, 10000])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    found = defaultdict(list)
    with tempfile.TemporaryDirectory() as place:
        folders = {}
        made = make_runs(Path(place))
        for trials in options.trials:
            folders[trials] = Path(place, str(trials))
            shutil.copytree(made, folders[trials] / "runs")
            grow(folders[trials] / "runs", trials)
        for _ in range(options.runs):
            for verb in VERBS:
                for trials, folder in folders.items():
                    found[verb, trials].append(measure(verb, folder))
    print("| verb |", " | ".join(f"{trials:,} trials" for trials in options.trials), "|")
    print("|--|" + "--|" * len(options.trials))
    for verb in VERBS:
        cells = []
        for trials in options.trials:
            seconds, megabytes = zip(*found[verb, trials], strict=True)
            cells.append(
                f"{statistics.median(seconds):.2f} s, {statistics.median(megabytes):.0f} MB"
            )
        print(f"| {' '.join(verb)} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
