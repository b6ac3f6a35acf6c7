"""Runs two searches of one study in PostgreSQL, with a runs folder each, as two machines would.

    python -m benchmarks.postgres --trials 100 --workers 4

The benchmark starts a server and two searches, and prints how the trials ended. With `--url`, it
uses an empty database on another server.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import optuna
import psycopg

from benchmarks.postgres_server import postgres
from latentune.storage.database import open_database

PARENTS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--url")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as place,
        nullcontext(options.url) if options.url else postgres() as server,
    ):
        url = options.url or create_database(server, "studies")
        print(json.dumps(measure(url, options, Path(place))))


def create_database(server: str, name: str) -> str:
    """Creates an empty database on a server, and returns its URL."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{server}/{name}"


def measure(url: str, options: argparse.Namespace, place: Path) -> dict[str, object]:
    """Runs the searches, and returns the number of trials in each state."""
    command = [sys.executable, "-m", "latentune", "search", "conv-ae", "digits", "--storage", url]
    for name in ("trials", "workers", "epochs"):
        command += [f"--{name}", str(getattr(options, name))]
    started = time.time()
    searches = [
        subprocess.Popen([*command, "--runs", str(place / str(n))], stdout=subprocess.DEVNULL)
        for n in range(PARENTS)
    ]
    codes = [search.wait() for search in searches]
    seconds = time.time() - started
    study = optuna.load_study(study_name="conv-ae-digits", storage=open_database(url))
    points = Counter(tuple(sorted(trial.params.items())) for trial in study.trials)
    return {
        "exit codes": codes,
        "trials": len(study.trials),
        "repeated": sum(count - 1 for count in points.values()),
        "states": Counter(trial.state.name for trial in study.trials),
        "seconds": round(seconds),
        "trials a minute": round(60 * len(study.trials) / seconds),
    }


if __name__ == "__main__":
    main()
