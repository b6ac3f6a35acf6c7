"""Compares an automatic study, which also chooses the model, with a study of each of its models.

LATENTUNE_DATA=FOLDER python -m benchmarks.auto [--data digits,wine] [--objectives mse]
    [--trials 20] [--epochs 10]

All studies of a row have the same number of trials and epochs, the same seed and one worker.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import optuna

import latentune
from latentune.storage.study_record import read_study_record


class Row(NamedTuple):
    """The best value of an automatic study, and the best study of a single model."""

    data: str
    metric: str
    models: int
    chosen: str
    auto: float
    best_model: str
    best: float
    worse: float
    seconds: float
    all_seconds: float


def measure(data: str, runs: Path, **options: object) -> Row:
    """Searches data automatically, and then each of the models that this search chose among.

    Args:
        data: Name of a built-in data set, or a path.
        runs: The folder with all studies.
        options: Options of all searches.

    Returns:
        Both results.
    """
    started = time.perf_counter()
    study = latentune.search("auto", data, runs=runs, **options)
    seconds = time.perf_counter() - started
    record = read_study_record(study)
    recipe = record.recipe.to_table()
    options |= {"objectives": recipe["objectives"], "epochs": int(record.definition["epochs"])}
    options |= {"trials": len(study.trials)}
    values = {
        model: latentune.search(model, data, runs=runs, **options).best_value
        for model in recipe["models"]
    }
    lower = study.direction.name == "MINIMIZE"
    best_model = (min if lower else max)(values, key=lambda model: values[model])
    best, auto = values[best_model], study.best_value
    return Row(
        Path(data).name,
        record.monitor,
        len(values),
        study.best_params["model"],
        auto,
        best_model,
        best,
        (auto - best if lower else best - auto) / abs(best),
        seconds,
        time.perf_counter() - started - seconds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="digits,wine", help="data sets, files or folders")
    parser.add_argument("--objectives", help="if not the usual one of the data")
    parser.add_argument("--trials", type=int, help="of each study; those of auto if not given")
    parser.add_argument("--epochs", type=int, help="of a trial; those of auto if not given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=Path, help="keep everything in this folder")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    shared = {"trials": options.trials, "epochs": options.epochs, "seed": options.seed}
    if options.objectives:
        shared["objectives"] = options.objectives.split(",")
    print(
        f"{'data':<16}{'metric':<16}{'auto':<22}{'':>10}  {'best single model':<22}{'':>10}"
        f"{'auto worse by':>15}{'auto s':>9}{'all s':>9}"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for data in options.data.split(","):
            row = measure(data, options.runs or Path(scratch), **shared)
            chosen = f"{row.chosen} of {row.models}"
            print(
                f"{row.data:<16}{row.metric:<16}{chosen:<22}{row.auto:>10.4g}  "
                f"{row.best_model:<22}{row.best:>10.4g}{row.worse:>15.2%}"
                f"{row.seconds:>9.0f}{row.all_seconds:>9.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
