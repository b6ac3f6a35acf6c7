"""Compares workers in processes with workers on a Ray cluster on this machine, in turns.

    python -W ignore -m benchmarks.engines --trials 60 --workers 2 --rounds 5

Each search is a new command. Its rate is measured from the start of its first trial to the end of
its last one. The time of the command is printed too, because each worker of Ray imports the
modules that forks share.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import optuna

STUDY = "conv-ae-digits"


def run(options: argparse.Namespace, cluster: str | None) -> tuple[float, float]:
    """Searches once; returns trials a minute, and the seconds of the command."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-W", "ignore", "-m", "latentune", "search"]
        command += [*STUDY.rsplit("-", 1), "--trials", str(options.trials), "--epochs", "5"]
        command += ["--workers", str(options.workers), "--pruner", "none", "--sampler", "random"]
        command += [] if cluster is None else ["--cluster", cluster]
        began = time.monotonic()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        seconds = time.monotonic() - began
        url = f"sqlite:///{Path(folder, 'runs', 'studies.db')}"
        trials = optuna.load_study(study_name=STUDY, storage=url).trials
    assert len(trials) == options.trials
    span = max(t.datetime_complete for t in trials) - min(t.datetime_start for t in trials)
    return 60 * len(trials) / span.total_seconds(), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    from ray.cluster_utils import Cluster

    nodes = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": options.workers, "include_dashboard": False},
    )
    found: dict[str, list[tuple[float, float]]] = {"local": [], "ray": []}
    try:
        for nth in range(1, options.rounds + 1):
            for name, rows in found.items():
                rows.append(run(options, nodes.address if name == "ray" else None))
                rate, seconds = rows[-1]
                print(f"{nth}  {name:<6}{rate:6.0f} trials a minute, {seconds:.0f} s", flush=True)
    finally:
        nodes.shutdown()
    rates, seconds = ({n: [row[i] for row in rows] for n, rows in found.items()} for i in (0, 1))
    ratios = [ray / local for ray, local in zip(rates["ray"], rates["local"], strict=True)]
    print(f"ray / local: {median(ratios):.2f} trials a minute (median of {options.rounds})")
    for name in found:
        print(
            f"{name:<6}{median(rates[name]):6.0f} a minute, {median(seconds[name]):.0f} s in all"
        )


if __name__ == "__main__":
    main()
