"""The autoencoders of the catalogue on MNIST: as published, and after a search.

LATENTUNE_DATA=FOLDER python -m benchmarks.zoo [--trials 15] [--epochs 10] [--final 100]
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

import latentune
from latentune.search_spaces.catalog.models import MODELS

DATA = "mnist"
ROWS = [  # the row of the table of systems, the model, and ranges that make it that row
    ("A3", "dense-ae", {}),
    ("A4", "deep-ae", {}),
    ("A5", "pooled-ae", {}),
    ("A6, 4", "strided-ae", {"latent_dim": "4"}),
    ("A6, 64", "strided-ae", {"latent_dim": "64"}),
    ("A7", "denoising-ae", {}),
    ("A8", "sparse-ae", {}),
    ("A9", "combined-ae", {}),
]


def measure(
    model: str,
    space: str,
    ranges: dict[str, str],
    trials: int,
    epochs: int,
    final: int,
    runs: Path,
) -> dict[str, float]:
    """Searches a space, trains its best trial, and returns the figures of that.

    Args:
        model: A key of the catalogue.
        space: `seed`, of which the first trial has the published values, or `default`.
        ranges: Ranges that replace those of the space.
        trials: Trials of the search.
        epochs: Epochs of a trial.
        final: Epochs of the final training.
        runs: The folder for everything.
    """
    started = time.perf_counter()
    name = f"{model}-{space}-{'-'.join(ranges.values())}"
    options = {"name": name, "space": space, "ranges": ranges, "runs": runs}
    latentune.search(model, DATA, trials=trials, epochs=epochs, **options)
    metrics = latentune.train(name, epochs=final, runs=runs).metrics
    best = latentune.load_best(name, runs)
    return {
        "code": best.hparams["latent_dim"],
        "epochs": metrics["best_epoch"],
        "parameters": metrics["parameters"],
        "test_mse": metrics["test_mse"],
        "pca": metrics["test_mse_pca"],
        "seconds": time.perf_counter() - started,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=10, help="of a trial")
    parser.add_argument("--final", type=int, default=100, help="epochs after a search")
    parser.add_argument("--most", type=int, default=150, help="published epochs, at most so many")
    parser.add_argument("--rows", default="", help="such as A3,A4; all of them if empty")
    parser.add_argument("--runs", type=Path, help="keep everything in this folder")
    parser.add_argument("--out", type=Path, help="a line of JSON for each training")
    options = parser.parse_args()
    columns = ("code", "epochs", "parameters", "test_mse", "pca", "seconds")
    table = Table("row", "model", "setting", *columns, box=None)
    with tempfile.TemporaryDirectory() as scratch:
        runs = options.runs or Path(scratch)
        for row, model, ranges in ROWS:
            if options.rows and row.split(",")[0] not in options.rows.split(","):
                continue
            for space in ("seed", "default"):
                if space not in MODELS[model].spaces:
                    continue
                trials, epochs, final = options.trials, options.epochs, options.final
                setting = f"{trials} trials"
                published = MODELS[model].published
                if space == "seed" and published is not None:  # its first trial has the values
                    trials, epochs, final = 1, 1, min(options.most, published.epochs)
                    setting = "published"
                found = measure(model, space, ranges, trials, epochs, final, runs)
                table.add_row(row, model, setting, *(f"{found[name]:.4g}" for name in columns))
                if options.out is not None:
                    with options.out.open("a") as file:
                        file.write(json.dumps({"row": row, "setting": setting, **found}) + "\n")
    Console().print(table)


if __name__ == "__main__":
    main()
