"""Planning a search: every default resolved and every input checked before anything is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    SuccessiveHalvingPruner,
)
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

from ..objectives.datasets import DATASETS
from ..search_spaces.watch import did_you_mean
from ..storage.runs import Runs, check_name
from .defaults import PRUNER, RUNS, SAMPLER
from .recipe import Recipe, StudyError
from .spec import StudySpec

PRUNERS: dict[str, Callable[[], BasePruner]] = {
    "median": partial(MedianPruner, n_startup_trials=4, n_warmup_steps=2),
    "halving": partial(SuccessiveHalvingPruner, reduction_factor=2),
    "hyperband": HyperbandPruner,
    "none": NopPruner,
}
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(n_startup_trials=5, seed=seed),
    "gp": lambda seed: GPSampler(n_startup_trials=5, seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
}


@dataclass(frozen=True)
class SearchPlan:
    """A search with every default resolved and every input checked; nothing is written yet.

    Attributes:
        name: Name of the study.
        recipe: What the user asked for.
        spec: What is searched.
        definition: What must agree with the study if it exists already.
        trials: Total of trials in the study, over all searches.
        seconds: No trial starts later than this. None means no limit.
        pruner: A key of `PRUNERS`.
        sampler: A key of `SAMPLERS`.
        runs: Where files go.
        storage: Optuna URL of the database.
    """

    name: str
    recipe: Recipe
    spec: StudySpec
    definition: Mapping[str, str]
    trials: int
    seconds: float | None
    pruner: str
    sampler: str
    runs: Runs
    storage: str


def plan_search(
    model: str,
    data: str | None = None,
    *,
    name: str | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    pruner: str = PRUNER,
    sampler: str = SAMPLER,
    runs: str | Path = RUNS,
    storage: str | None = None,
    data_dir: str | Path | None = None,
    **options: Any,
) -> SearchPlan:
    """Checks a search and resolves its defaults; `search` says what the arguments are."""
    if data is not None and data not in DATASETS and Path(data).is_dir():
        data = str(Path(data).resolve())  # so that the recipe holds in any working folder
    recipe = Recipe(model, data, **options).at(data_dir)
    spec = recipe.spec()
    trials = spec.trials if trials is None else trials
    if trials < 1:
        raise StudyError(f"trials must be at least 1, not {trials}")
    if seconds is not None and seconds <= 0:
        raise StudyError(f"time must be above 0, not {seconds:g} s")
    for kind, key, known in (("pruner", pruner, PRUNERS), ("sampler", sampler, SAMPLERS)):
        if key not in known:
            raise StudyError(f"there is no {kind} {key!r}; {did_you_mean(key, list(known))}")
    place = Runs(Path(runs))
    return SearchPlan(
        name=check_name(spec.name if name is None else name),
        recipe=recipe,
        spec=spec,
        definition=recipe.identity() | spec.definition(),
        trials=trials,
        seconds=seconds,
        pruner=pruner,
        sampler=sampler,
        runs=place,
        storage=storage or place.database,
    )
