"""The same training on further seeds: how much of its scores is luck."""

import shutil
from collections.abc import Mapping, Sequence
from csv import DictReader
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ...objectives.history_checkpoint import find_best_row
from ...storage.best_toml import Best
from ...storage.runs_folder import Runs, write_text
from ...storage.spreadsheet_csv import escape_formulas, unescape_formula
from ..cluster.payload import recipe_files, with_local_files
from ..cluster.ray_cluster import RayCluster
from ..cluster.run_jobs import JobContext, run_jobs
from ..study.build import build_spec
from ..study.checkpoint_lookup import find_checkpoint
from ..study.recipe import Recipe
from .fit_network import FitOptions, fit_network, load_initial_weights
from .network_report import score_test_part, write_report
from .training_setup import TrainingSetup, setup_with_seed

TABLE = "seeds.csv"
COUNTED = ("seed", "best_epoch")  # columns of whole numbers


def score_row(
    work: TrainingSetup, figures: Mapping[str, Any], best_row: Mapping[str, float]
) -> dict[str, float]:
    """Returns the row of a training: its seed, what it scored in test and validation, and when.

    Args:
        work: What was trained.
        figures: Figures of the test part.
        best_row: The metrics of the best epoch.
    """
    plain = {name: value for name, value in figures.items() if isinstance(value, float)}
    own = {name: best_row[name] for name in work.objective.metrics}
    return {"seed": work.seed, **plain, **own, "best_epoch": int(best_row["epoch"])}


def train_on_seeds(
    work: TrainingSetup,
    options: FitOptions,
    seeds: Sequence[int],
    first: Mapping[str, float],
    folder: Path,
    runs: Runs,
    cluster: RayCluster | None,
) -> dict[str, Any]:
    """Trains a configuration on further seeds, of which only the scores are kept.

    Args:
        work: What is trained.
        options: How.
        seeds: The further seeds; if there are none, what others have left here is removed.
        first: The row of the training that is kept, as `score_row` gives it.
        folder: Where `seeds.csv` goes, with a row a seed. What it has already is not trained
            again, and a training that was stopped in this folder goes on.
        runs: The runs folder.
        cluster: Where they are trained side by side; None for here, one after another.

    Returns:
        The `seeds`, and of each score the `mean` and the standard deviation (`std`), if there
        are several.
    """
    rows = {int(row["seed"]): dict(row) for row in (first, *_known(folder / TABLE, seeds))}
    options = replace(options, pictures="none", logger="csv")
    if options.init_from is not None:
        begins = find_checkpoint(options.init_from, runs).absolute()
        options = replace(options, init_from=str(begins))
    new = [seed for seed in seeds if seed not in rows]
    jobs = [
        (
            *(work.best, work.recipe, options, seed),
            f"training on seed {len(rows) + nth} of {len(seeds) + 1}",
            folder if cluster is None else None,
        )
        for nth, seed in enumerate(new, 1)
    ]
    files = [
        *recipe_files(work.recipe),
        *([] if options.init_from is None else [options.init_from]),
    ]
    for nth, row in run_jobs(
        _train, jobs, runs, cluster=cluster, files=files, model=work.recipe.model
    ):
        rows[new[nth]] = row
        ordered = [rows[seed] for seed in (work.seed, *seeds) if seed in rows]
        write_text(folder / TABLE, escape_formulas(pd.DataFrame(ordered)).to_csv(index=False))
        shutil.rmtree(_folder(folder, new[nth]), ignore_errors=True)  # it is not needed any more
    for left in folder.glob("seed-*"):  # which others have left
        shutil.rmtree(left)
    if not seeds:
        (folder / TABLE).unlink(missing_ok=True)
        return {}
    ordered = [rows[seed] for seed in (work.seed, *seeds)]
    spread_of = pd.DataFrame(ordered).drop(columns=[*COUNTED])
    return {
        "seeds": [work.seed, *seeds],
        "mean": spread_of.mean().to_dict(),
        "std": spread_of.std().to_dict(),
    }


def _train(
    place: JobContext,
    best: Best,
    recipe: Recipe,
    options: FitOptions,
    seed: int,
    title: str,
    folder: Path | None,
) -> dict[str, float]:
    """Trains on a seed, and returns its row; goes on with what was stopped in the folder."""
    if options.init_from is not None:
        moved = place.local_paths.get(options.init_from, options.init_from)
        options = replace(options, init_from=moved)
    recipe = with_local_files(recipe, place.local_paths)
    grows = _folder(folder or place.runs.root, seed)
    grows.mkdir(parents=True, exist_ok=True)
    work = setup_with_seed(best, recipe, build_spec(recipe, place.runs).objective, grows, seed)
    load_initial_weights(work.model, options, place.runs)
    keep, _ = fit_network(grows, work, options, title)
    figures = {
        **score_test_part(work.model, work.data, work.objective, options.accelerator),
        **write_report(work.model, work.data, grows, pictures=False),
    }
    return score_row(work, figures, find_best_row(keep.history, work.objective))


def _folder(folder: Path, seed: int) -> Path:
    """Returns where the training on a seed grows."""
    return folder / f"seed-{seed}"


def _known(path: Path, seeds: Sequence[int]) -> list[dict[str, float]]:
    """Returns the rows of those further seeds that a stopped training has left."""
    if not path.exists():
        return []
    with path.open(newline="") as file:  # pandas would lose the last digits
        rows = [
            {unescape_formula(name): float(x or "nan") for name, x in row.items()}
            for row in DictReader(file)
        ]
    whole = [row | {name: int(row[name]) for name in COUNTED} for row in rows]
    return [row for row in whole if row["seed"] in seeds]
