"""Training a configuration with several seeds, which shows how much the scores vary by chance."""

import shutil
from collections.abc import Mapping, Sequence
from csv import DictReader
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ...objectives.history_checkpoint import find_best_row
from ...objectives.metrics.calibration import calibrate
from ...objectives.threads import restore_threads
from ...storage.atomic_write import write_text
from ...storage.best_toml import Best
from ...storage.runs_folder import Runs
from ...storage.spreadsheet_csv import escape_formulas, unescape_formula
from ..cluster.missing_jobs import JobContext, run_missing_jobs
from ..cluster.payload import recipe_files, with_local_files
from ..cluster.ray_cluster import RayCluster
from ..study.checkpoint_lookup import find_checkpoint
from ..study.recipe import Recipe
from ..study.training_options import TrainingOptions
from .fit_network import fit_network, load_initial_weights
from .network_report import score_test_part, write_report
from .training_setup import TrainingSetup, build_setup

TABLE_FILE = "seeds.csv"
INTEGER_COLUMNS = ("seed", "best_epoch")


def make_score_row(
    setup: TrainingSetup, metrics: Mapping[str, Any], best_row: Mapping[str, float]
) -> dict[str, float]:
    """Returns the row of a training in `seeds.csv`: its seed, its scores and its best epoch.

    `metrics` are the metrics of the test part. `best_row` are the metrics of the best epoch.
    """
    test = {name: value for name, value in metrics.items() if isinstance(value, float)}
    validation = {name: best_row[name] for name in setup.objective.metrics}
    return {
        "seed": setup.seed,
        **test,
        **validation,
        "best_epoch": int(best_row["epoch"]),
    }


def train_on_seeds(
    setup: TrainingSetup,
    options: TrainingOptions,
    seeds: Sequence[int],
    first: Mapping[str, float],
    folder: Path,
    runs: Runs,
    cluster: RayCluster | None,
) -> dict[str, Any]:
    """Trains with each of `seeds`, and returns the mean and standard deviation of the scores.

    The table `seeds.csv` in `folder` gets a row for each seed. For a seed that is already in the
    table, no training is run. If a training was stopped, it is resumed.

    Args:
        setup: The setup of the first training, which has another seed and is finished.
        options: The options of all trainings.
        seeds: The further seeds. If empty, an earlier `seeds.csv` is removed.
        first: The row of the first training in the table.
        folder: The folder of the first training.
        runs: The runs folder.
        cluster: The cluster to train on; None for this process.

    Returns:
        The entries `seeds`, `mean` and `std`; an empty dict if `seeds` is empty.
    """
    rows = {
        int(row["seed"]): dict(row) for row in (first, *_read_rows(folder / TABLE_FILE, seeds))
    }
    options = replace(options, pictures="none", logger="csv")
    if options.init_from is not None:
        path = find_checkpoint(options.init_from, runs).absolute()
        options = replace(options, init_from=str(path))
    jobs = {
        seed: (
            *(setup.best, setup.recipe, options, seed),
            f"training on seed {number} of {len(seeds) + 1}",
            folder if cluster is None else None,
        )
        for number, seed in enumerate(seeds, 2)
    }
    files = recipe_files(setup.recipe)
    if options.init_from is not None:
        files.append(options.init_from)
    for seed in run_missing_jobs(
        _train_on_seed, jobs, rows, runs, cluster=cluster, files=files, model=setup.recipe.model
    ):
        ordered = [rows[seed] for seed in (setup.seed, *seeds) if seed in rows]
        write_text(folder / TABLE_FILE, escape_formulas(pd.DataFrame(ordered)).to_csv(index=False))
        shutil.rmtree(_seed_folder(folder, seed), ignore_errors=True)
    for leftover in folder.glob("seed-*"):
        shutil.rmtree(leftover)
    if not seeds:
        (folder / TABLE_FILE).unlink(missing_ok=True)
        return {}
    ordered = [rows[seed] for seed in (setup.seed, *seeds)]
    scores = pd.DataFrame(ordered).drop(columns=[*INTEGER_COLUMNS])
    return {
        "seeds": [setup.seed, *seeds],
        "mean": scores.mean().to_dict(),
        "std": scores.std().to_dict(),
    }


@restore_threads()
def _train_on_seed(
    context: JobContext,
    best: Best,
    recipe: Recipe,
    options: TrainingOptions,
    seed: int,
    title: str,
    folder: Path | None,
) -> dict[str, float]:
    """Trains with a seed, and returns the row of this seed in `seeds.csv`.

    If `folder` has a stopped training with this seed, it is resumed.
    """
    if options.init_from is not None:
        moved = context.local_paths.get(options.init_from, options.init_from)
        options = replace(options, init_from=moved)
    recipe = with_local_files(recipe, context.local_paths)
    seed_folder = _seed_folder(folder or context.runs.root, seed)
    seed_folder.mkdir(parents=True, exist_ok=True)
    setup = build_setup(best, recipe, context.runs, seed_folder, seed)
    load_initial_weights(setup.model, options, context.runs)
    checkpoint, _ = fit_network(seed_folder, setup, options, title)
    calibrate(setup.model, setup.data)
    metrics = {
        **score_test_part(setup.model, setup.data, setup.objective, options.accelerator),
        **write_report(setup.model, setup.data, seed_folder, has_figures=False),
    }
    return make_score_row(setup, metrics, find_best_row(checkpoint.history, setup.objective))


def _seed_folder(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}"


def _read_rows(path: Path, seeds: Sequence[int]) -> list[dict[str, float]]:
    """Returns the rows of `seeds.csv` at `path` that have one of these seeds."""
    if not path.exists():
        return []
    with path.open(newline="") as file:  # pandas would lose the last digits
        rows = [
            {unescape_formula(name): float(text or "nan") for name, text in row.items()}
            for row in DictReader(file)
        ]
    typed = [row | {name: int(row[name]) for name in INTEGER_COLUMNS} for row in rows]
    return [row for row in typed if row["seed"] in seeds]
