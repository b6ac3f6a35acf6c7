"""Planning a search: every default resolved and every input checked before anything is written."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import torch

from ...objectives.datasets import DATASETS
from ...search_spaces.common import Space
from ...search_spaces.watch import SpaceError, defaults, did_you_mean, replay
from ...storage.best import read_best
from ...storage.checkpoint import file_hash
from ...storage.runs import Runs, check_name
from ..defaults import PRUNER, RUNS, SAMPLER, TRIALS_PER_WORKER, WORKERS
from ..encoders import find_encoder, parent
from ..errors import StudyError
from ..recipe import Recipe
from ..spec import StudySpec
from .strategies import PRUNERS, SAMPLERS

WORKERS_PER_GPU = 2
MEMORY_PER_WORKER = 2**30


@dataclass(frozen=True)
class SearchPlan:
    """A search with every default resolved and every input checked; nothing is written yet.

    Attributes:
        name: Name of the study.
        recipe: What the user asked for.
        definition: What must agree with the study if it exists already.
        trials: Total of trials in the study, over all searches.
        seconds: No trial starts later than this. None means no limit.
        workers: Number of processes.
        first: Values of the first trial of a new study; empty if the sampler chooses them.
        enqueued: Values of the trials that come before what the sampler chooses.
        pruner: A key of `PRUNERS`.
        sampler: A key of `SAMPLERS`.
        runs: Where files go.
        storage: Optuna URL of the database.
        since: When the search began, in seconds since the epoch.
    """

    name: str
    recipe: Recipe
    definition: Mapping[str, str]
    trials: int
    seconds: float | None
    workers: int
    first: Mapping[str, Any]
    enqueued: Sequence[Mapping[str, Any]]
    pruner: str
    sampler: str
    runs: Runs
    storage: str
    since: float = field(default_factory=time.time)

    @property
    def late(self) -> bool:
        """Whether the time for starting trials is over, for every process of the search."""
        return self.seconds is not None and time.time() - self.since > self.seconds

    @property
    def spec(self) -> StudySpec:
        """What is searched: made anew, so that a plan can be sent to another process."""
        return self.recipe.spec()


def plan_search(
    model: str,
    data: str | None = None,
    *,
    name: str | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    workers: int | None = WORKERS,
    default_first: bool = True,
    enqueue: Sequence[str | Path] = (),
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
    place = Runs(Path(runs))
    recipe = Recipe(model, data, **options).at(data_dir)
    spec = recipe.spec()
    if recipe.encoder is not None:
        path = find_encoder(recipe.encoder, place, storage)
        recipe = replace(recipe, encoder=str(path), encoder_hash=file_hash(path))
        spec = recipe.spec()
    trials = spec.trials if trials is None else trials
    if trials < 1:
        raise StudyError(f"trials must be at least 1, not {trials}")
    if seconds is not None and seconds <= 0:
        raise StudyError(f"time must be above 0, not {seconds:g} s")
    workers = _fitting_workers(trials) if workers is None else workers
    if workers < 1:
        raise StudyError(f"workers must be at least 1, not {workers}")
    for kind, key, known in (("pruner", pruner, PRUNERS), ("sampler", sampler, SAMPLERS)):
        if key not in known:
            raise StudyError(f"there is no {kind} {key!r}; {did_you_mean(key, list(known))}")
    space, data_module = spec.objective.model, spec.objective.data()
    return SearchPlan(
        name=check_name(name or _name(recipe, spec)),
        recipe=recipe,
        definition=recipe.identity() | spec.definition(),
        trials=trials,
        seconds=seconds,
        workers=workers,
        first=defaults(space, data_module.input_shape) if default_first else {},
        enqueued=[_enqueued(Path(path), recipe, space, data_module) for path in enqueue],
        pruner=pruner,
        sampler=sampler,
        runs=place,
        storage=storage or place.database,
    )


def _enqueued(path: Path, recipe: Recipe, space: Space, data: Any) -> Mapping[str, Any]:
    """Reads the values of a best.toml, if this search could have found them."""
    best = read_best(path)
    if best.recipe.get("model") != recipe.model:
        raise StudyError(f"{path} is of model {best.recipe.get('model')!r}, not {recipe.model!r}")
    try:
        replay(space, best.params, data.input_shape)
    except SpaceError as error:
        raise SpaceError(f"{path}: {error}") from error
    return best.params


def _name(recipe: Recipe, spec: StudySpec) -> str:
    """Returns the name of a study that the user did not name; it says what it is made of."""
    if recipe.encoder is None:
        return spec.name
    return f"{recipe.model}-{parent(recipe)['study']}{'-unfrozen' if recipe.unfreeze else ''}"


def _fitting_workers(trials: int) -> int:
    """Returns how many workers this machine, and a study of so many trials, are good for.

    One for each core that has 1 GiB of free memory beside it, but two at most for each GPU. A
    sampler learns nothing from trials that run beside its own, so each worker shall have eight
    after one another.
    """
    gpus = torch.cuda.device_count()
    room = int(psutil.virtual_memory().available / MEMORY_PER_WORKER)
    most = min(torch.get_num_threads(), room, WORKERS_PER_GPU * gpus if gpus else room)
    return max(1, min(most, -(-trials // TRIALS_PER_WORKER)))
