"""Confirming: the best trials of a study are trained on further seeds, and race."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from math import inf, isfinite
from pathlib import Path
from typing import Any, cast

import optuna
from filelock import FileLock, Timeout
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ...objectives.rng import spawn_seeds
from ...objectives.training_errors import TrialFailed
from ...search_spaces.suggestions import replay
from ...storage.best_toml import write_best_toml
from ...storage.database import open_database
from ...storage.resume_checkpoints import remove_with_partials
from ...storage.runs_folder import Runs
from ...storage.storage_error import StorageError
from ...storage.study_export import params_key
from ...storage.study_record import (
    Confirmed,
    StudyRecord,
    read_confirm_values,
    read_study_record,
    write_confirm_value,
    write_study_record,
)
from ..cluster.payload import recipe_files, with_local_files
from ..cluster.ray_cluster import RayCluster, join_cluster
from ..cluster.run_jobs import JobContext, run_jobs
from ..display.terminal import has_progress_display
from ..study.build import build_spec
from ..study.defaults import CONFIRM_SEEDS, CONFIRM_TOP, MAX_SEEDS, RUNS
from ..study.public_api import public_api
from ..study.recipe import Recipe
from ..study.search_options import ClusterOptions
from ..study.study_error import StudyError, check_at_least, check_at_most
from ..study.study_lookup import best_configuration, open_study
from ..training.training_setup import check_fingerprint
from .confirmation import Confirmation, finalist_table
from .detached_trial import DetachedTrial, with_progress_bar
from .race import race, winner

log = logging.getLogger(__name__)


@public_api
def confirm(
    study: str,
    *,
    top: int = CONFIRM_TOP,
    seeds: int = CONFIRM_SEEDS,
    cluster: str | None = None,
    cpus: float = ClusterOptions.cpus,
    gpus: float = ClusterOptions.gpus,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
    storage: str | None = None,
) -> Confirmation:
    """Trains the best trials of a study on further seeds, and confirms which is the best.

    The best of many values is partly luck. So the finalists are trained as in the search, and
    scored on the same validation part, on seeds that they share and that no trial has had. After
    each seed from the second on, those leave that are clearly worse than the leader. Then
    best.toml has the best mean of those left, and `train` prefers it.

    Each value is kept on the study at once: what is stopped goes on by the same call, and more
    finalists or seeds add to what is known.

    Args:
        study: Name of the study.
        top: How many of the best complete trials, at least 1; fewer if there are no more, or
            some of them are the same configuration.
        seeds: How many seeds, from 2 to 1,000.
        cluster: A Ray cluster on which the finalists are trained side by side; as in `search`.
        cpus: CPUs of each training there.
        gpus: GPUs of each training there.
        data_dir: Where torchvision data lies, if elsewhere than in the search.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.

    Raises:
        StudyError: If there is no such study or no complete trial in it, it has several
            objectives, the data are others, or all finalists diverge.
        SpaceError: If the search space has no such configuration any more.
        StorageError: If a file or the database cannot be used, or another process confirms it.
        DataError: If the data is missing or broken.
        KeyboardInterrupt: On Ctrl-C.

    References:
        A Racing Algorithm for Configuring Metaheuristics (Birattari, Stützle, Paquete,
        Varrentrapp, 2002); `race.py` says what is different here

    Example:
        >>> found = latentune.confirm("conv-ae-digits", top=2, seeds=2)
        >>> found.confirmed.seeds
        2
    """
    check_at_least("top", top, 1)
    check_at_least("seeds", seeds, 2)
    check_at_most("seeds", seeds, MAX_SEEDS)
    place = Runs(Path(runs))
    opened = open_study(open_database(storage or place.database), study)
    finalists = _finalists(opened, top)
    recipe = Recipe.from_table(read_study_record(opened).recipe.to_table(), place, storage).at(
        data_dir
    )
    objective = build_spec(recipe, place).objective
    data = objective.data()
    for trial in finalists:  # before hours are spent on the first of them
        check_fingerprint(best_configuration(opened, trial.number), data)
        replay(objective.model, trial.params, data.spec)
    nodes = join_cluster(cluster, cpus, gpus)
    place.make()
    place.cache.mkdir(exist_ok=True)
    try:
        with FileLock(place.cache / f"{study}-confirm.lock").acquire(timeout=0):
            return _confirm(
                opened, finalists, recipe, spawn_seeds(recipe.seed, seeds), place, nodes
            )
    except Timeout:
        raise StorageError(
            f"{study} is being confirmed by another process: wait until it is through"
        ) from None


def _finalists(study: optuna.Study, top: int) -> list[FrozenTrial]:
    """Returns the best complete trials, the best one first, each configuration once."""
    name = study.study_name
    if len(study.directions) > 1:
        raise StudyError(
            f"study {name!r} has no single best to confirm, but a front: search by one of its "
            "`objectives=`"
        )
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    complete = [trial for trial in complete if isfinite(trial.values[0])]
    if not complete:
        raise StudyError(f"study {name!r} has no complete trial yet")
    complete.sort(key=lambda trial: _sign(study) * trial.values[0])
    found: dict[str, FrozenTrial] = {}
    for trial in complete:
        found.setdefault(params_key(trial.params), trial)
    return list(found.values())[:top]


def _sign(study: optuna.Study) -> int:
    return 1 if study.direction == StudyDirection.MINIMIZE else -1


def _confirm(
    study: optuna.Study,
    finalists: Sequence[FrozenTrial],
    recipe: Recipe,
    seeds: Sequence[int],
    runs: Runs,
    cluster: RayCluster | None,
) -> Confirmation:
    known, sign = read_confirm_values(study), _sign(study)

    def train(chosen: Sequence[int], nth: int) -> list[float]:
        seed = seeds[nth]
        numbers = [finalists[one].number for one in chosen]
        new = [one for one in chosen if (finalists[one].number, seed) not in known]
        titles = [f"trial {finalists[i].number}, seed {nth + 1} of {len(seeds)}" for i in new]
        jobs = [
            (recipe, finalists[one].params, seed, title)
            for one, title in zip(new, titles, strict=True)
        ]
        files, model = recipe_files(recipe), recipe.model
        for i, value in run_jobs(
            _train_finalist, jobs, runs, cluster=cluster, files=files, model=model
        ):
            number = finalists[new[i]].number
            write_confirm_value(study, number, seed, value)
            known[number, seed] = value
            log.info("%s: %s", titles[i], "diverged" if value is None else f"{value:.4g}")
        for one in chosen:  # also of those whose process was killed when all was recorded
            remove_with_partials(_last_epoch(runs, recipe, finalists[one].params, seed))
        values = [known[number, seed] for number in numbers]
        return [inf if value is None else sign * value for value in values]

    costs = race(train, len(finalists), len(seeds))
    best = winner(costs)
    if best is None:
        raise StudyError(f"all finalists of {study.study_name!r} diverge on other seeds")
    numbers, searched = zip(*((trial.number, trial.values[0]) for trial in finalists), strict=True)
    values = [[sign * cost for cost in own] for own in costs]
    table = finalist_table(list(numbers), list(searched), values, best, sign)
    row = table.iloc[best]
    confirmed = Confirmed(
        trial=numbers[best],
        monitor=read_study_record(study).monitor,
        mean=float(row["mean"]),
        std=float(row["std"]),
        seeds=len(seeds),
        search_value=searched[0],
    )
    write_study_record(study, StudyRecord(confirmed=confirmed))
    with suppress(OSError):  # others may confirm their studies
        runs.confirming.rmdir()
    path = runs.best(study.study_name)
    write_best_toml(best_configuration(study), path)
    luck = sign * (float(table["mean"][0]) - searched[0])
    return Confirmation(study.study_name, confirmed, table, luck, path)


def _train_finalist(
    place: JobContext, recipe: Recipe, params: Mapping[str, Any], seed: int, title: str
) -> float | None:
    """Returns what a configuration is worth on a seed; None if it diverges."""
    spec = build_spec(with_local_files(recipe, place.local_paths), place.runs)
    last = _last_epoch(place.runs, recipe, params, seed)
    objective = replace(spec.objective, seed=seed, last_epoch=lambda trial: last)
    if has_progress_display():
        objective = with_progress_bar(objective, title)
    try:
        value = objective(cast(optuna.Trial, DetachedTrial(params)))
    except TrialFailed:
        return None
    return cast(float, value)


def _last_epoch(runs: Runs, recipe: Recipe, params: Mapping[str, Any], seed: int) -> Path:
    """Returns the file from which a training goes on that was stopped."""
    what = repr((recipe, sorted(params.items()), seed))
    return runs.confirming / f"{sha256(what.encode()).hexdigest()[:16]}.ckpt"
