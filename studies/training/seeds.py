"""The same training on further seeds: how much of its scores is luck."""

import shutil
from collections.abc import Mapping, Sequence
from csv import DictReader
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ...objectives.history import best_row_of
from ...storage.runs import Runs, write_text
from .configured import Configured
from .fitting import FitOptions, first_weights, fit_in
from .reports import report, score

TABLE = "seeds.csv"
COUNTED = ("seed", "best_epoch")  # columns of whole numbers


def scores_of(
    work: Configured, figures: Mapping[str, Any], best_row: Mapping[str, float]
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
    work: Configured,
    options: FitOptions,
    seeds: Sequence[int],
    first: Mapping[str, float],
    folder: Path,
    runs: Runs,
) -> dict[str, Any]:
    """Trains a configuration on further seeds, of which only the scores are kept.

    Args:
        work: What is trained.
        options: How.
        seeds: The further seeds; if there are none, what others have left here is removed.
        first: The row of the training that is kept, as `scores_of` gives it.
        folder: Where `seeds.csv` goes, with a row a seed. What it has already is not trained
            again, and a training that was stopped in this folder goes on.
        runs: The runs folder.

    Returns:
        The `seeds`, and of each score the `mean` and the standard deviation (`std`), if there
        are several.
    """
    rows = [dict(first), *_known(folder / TABLE, seeds)]
    options = replace(options, pictures="none", logger="csv")
    for seed in seeds[len(rows) - 1 :]:
        again, place = work.on(seed), folder / f"seed-{seed}"
        first_weights(again.model, options, runs)
        place.mkdir(exist_ok=True)
        title = f"training on seed {len(rows) + 1} of {len(seeds) + 1}"
        keep, _ = fit_in(place, again, options, title)
        figures = {
            **score(again.model, again.data, again.objective, options.accelerator),
            **report(again.model, again.data, place, pictures=False),
        }
        rows.append(scores_of(again, figures, best_row_of(keep.history, again.objective)))
        write_text(folder / TABLE, pd.DataFrame(rows).to_csv(index=False))
        shutil.rmtree(place)
    for left in folder.glob("seed-*"):
        shutil.rmtree(left)
    if not seeds:
        (folder / TABLE).unlink(missing_ok=True)
        return {}
    spread = pd.DataFrame(rows).drop(columns=[*COUNTED])
    return {
        "seeds": [int(row["seed"]) for row in rows],
        "mean": spread.mean().to_dict(),
        "std": spread.std().to_dict(),
    }


def _known(path: Path, seeds: Sequence[int]) -> list[dict[str, float]]:
    """Returns the rows of those further seeds that a stopped training has left."""
    if not path.exists():
        return []
    with path.open(newline="") as file:  # pandas would lose the last digits
        rows = [{name: float(x or "nan") for name, x in row.items()} for row in DictReader(file)]
    whole = [row | {name: int(row[name]) for name in COUNTED} for row in rows]
    return [row for row in whole if row["seed"] in seeds]
