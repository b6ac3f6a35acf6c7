"""The memory of a search over an array, with all of its processes: GiB (PSS) over time.

python -m benchmarks.memory [--gib 1] [--workers 2] [--batch-size 1024]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

import psutil

SEARCH = """
import sys
import numpy as np, latentune
if __name__ == "__main__":
    n, workers, batch_size = map(int, sys.argv[1:])
    images = np.random.default_rng(0).integers(0, 256, size=(n, 32, 32), dtype=np.uint8)
    latentune.search(
        *("dense-ae", images), trials=workers, epochs=1, workers=workers,
        ranges={"latent_dim": "4"}, batch_size=batch_size,
    )
"""
SECONDS = 0.25
N_PRINTED = 20


def family_gib(process: psutil.Process) -> float:
    """Returns the memory of a process and its descendants; shared memory counts once."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += one.memory_full_info().pss
    return total / 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=1024)
    options = parser.parse_args()
    items = str(round(options.gib * 2**20))  # of 1,024 bytes
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with tempfile.TemporaryDirectory() as folder:
        arguments = [items, str(options.workers), str(options.batch_size)]
        search = subprocess.Popen(
            [sys.executable, "-c", SEARCH, *arguments],
            cwd=folder,
            env=paths,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        found: list[float] = []
        while search.poll() is None:
            found.append(round(family_gib(psutil.Process(search.pid)), 2))
            time.sleep(SECONDS)
    step = -(-len(found) // N_PRINTED)
    print(json.dumps({"peak": max(found), "over_time": found[::step], "code": search.returncode}))


if __name__ == "__main__":
    main()
