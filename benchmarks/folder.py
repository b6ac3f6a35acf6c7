"""Reading a folder of many small images: the first time, the second time, and the memory it takes.

python -m benchmarks.folder [--images 50000] [--side 32]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

READ = """
import sys, time, resource
from pathlib import Path
from latentune import TensorData
from latentune.objectives.data.tensor_cache import flush_cache
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
import torchvision, sklearn.model_selection, PIL.Image  # what every command imports
before, started, cpu = peak(), time.perf_counter(), time.process_time()
data = TensorData(sys.argv[1], cache=Path(sys.argv[2]))
seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
flush_cache()
print(seconds, cpu, peak() - before)
"""


def write(folder: Path, images: int, side: int) -> None:
    """Writes images of noise in color, in folders of ten classes."""
    rng = np.random.default_rng(0)
    for number in range(images):
        place = folder / f"class {number % 10}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{number}.png", compress_level=1)


def read(folder: Path, cache: Path) -> tuple[float, float, float]:
    """Returns the wall seconds, CPU seconds and MiB that a new process needs to read a folder."""
    command = [sys.executable, "-W", "ignore", "-c", READ, str(folder), str(cache)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, cpu, memory = map(float, answer.stdout.split())
    return seconds, cpu, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--side", type=int, default=32)
    options = parser.parse_args()
    size = options.images * 3 * options.side**2 / 2**20
    with tempfile.TemporaryDirectory() as scratch:
        folder, cache = Path(scratch, "images"), Path(scratch, "cache")
        write(folder, options.images, options.side)
        first, first_cpu, peak = read(folder, cache)
        again = [read(folder, cache) for _ in range(5)]
    later, later_cpu = (median(run[index] for run in again) for index in range(2))
    peaks = [peak, *(memory for _, _, memory in again)]
    print(f"{options.images:,} images of {options.side}x{options.side}, {size:.0f} MiB as bytes")
    print(f"first {first:.1f} s, then {later:.2f} s: {first / later:.1f} x faster")
    print(f"CPU seconds: first {first_cpu:.1f}, then {later_cpu:.2f}")
    print("peak memory " + ", ".join(f"{peak / size:.2f}" for peak in peaks) + " x the bytes")


if __name__ == "__main__":
    main()
