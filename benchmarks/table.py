"""Reading a large CSV file, the first and the second time, beside pandas: seconds and memory.

python -m benchmarks.table [--rows 100000] [--columns 50] [--runs 5]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

MEASURE = """
import sys, time, resource
from pathlib import Path
from latentune import TensorData
from latentune.objectives.data.tensor_cache import flush_cache
import pandas, sklearn.model_selection, torch  # what every command imports
torch.set_num_threads(1)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, started, cpu = peak(), time.perf_counter(), time.process_time()
{read}
print(time.process_time() - cpu, time.perf_counter() - started, peak() - before)
flush_cache()
"""
READERS = {
    "pandas.read_csv": "data = pandas.read_csv(sys.argv[1])",
    "its columns, typed": (
        "from latentune.objectives.data.sources import typed_columns as typed\n"
        "from latentune import TableOptions\n"
        "data = typed.read_columns(Path(sys.argv[1]), TableOptions())"
    ),
    "TensorData, no cache": "data = TensorData(sys.argv[1])",
    "TensorData, cached": "data = TensorData(sys.argv[1], cache=Path(sys.argv[2]))",
}


def write(path: Path, rows: int, columns: int) -> None:
    """Writes normal numbers with four decimals, and a target of three classes."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(rows, columns)).round(4)
    table = pd.DataFrame(numbers, columns=[f"f{index}" for index in range(columns)])
    table["target"] = rng.choice(["a", "b", "c"], rows)
    table.to_csv(path, index=False)


def measure(reader: str, path: Path, cache: Path) -> tuple[float, float, float]:
    """Returns the CPU seconds, wall seconds and MiB that a new process needs to read a table."""
    code = MEASURE.format(read=READERS[reader])
    command = [sys.executable, "-W", "ignore", "-c", code, str(path), str(cache)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    cpu, wall, memory = map(float, answer.stdout.split())
    return cpu, wall, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        path, cache = Path(scratch, "table.csv"), Path(scratch, "cache")
        write(path, options.rows, options.columns)
        size = path.stat().st_size / 2**20
        measure("TensorData, cached", path, cache)  # fills the cache
        found = [[measure(reader, path, cache) for reader in READERS] for _ in range(options.runs)]
    print(f"{options.rows:,} rows of {options.columns} numbers and a class, {size:.0f} MiB")
    first = None
    for reader, runs in zip(READERS, zip(*found, strict=True), strict=True):
        cpu, wall, memory = (median(values) for values in zip(*runs, strict=True))
        first = first or (cpu, memory)
        ratios = f"{cpu / first[0]:.1f} x and {memory / first[1]:.1f} x pandas"
        print(f"{reader:21} {cpu:.2f} CPU s, {wall:.2f} s, {memory:4.0f} MiB: {ratios}")


if __name__ == "__main__":
    main()
