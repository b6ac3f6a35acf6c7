"""How much memory a process gains over many trials.

python -m benchmarks.growth --trials 200
"""

import argparse
import json
import tempfile

import optuna
import psutil

import latentune

SETTLED = 10  # trials after which everything has been imported and cached


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    options = parser.parse_args()
    sizes: list[int] = []

    def weigh(study: object, trial: object) -> None:
        sizes.append(psutil.Process().memory_info().rss)

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as runs:
        latentune.search(
            *("conv-ae", "digits"),
            trials=SETTLED + options.trials,
            epochs=2,
            batch_size=100,
            runs=runs,
            callbacks=[weigh],
        )
    print(json.dumps({"growth": (sizes[-1] - sizes[SETTLED]) / 2**20}))


if __name__ == "__main__":
    main()
