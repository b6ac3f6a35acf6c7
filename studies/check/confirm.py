"""The function `confirm`: it trains the best trials of a study on new seeds to compare them."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from math import inf, isfinite
from pathlib import Path
from typing import Any, cast

import optuna
from optuna.trial import FrozenTrial, TrialState

from ...objectives.rng import spawn_seeds
from ...objectives.time_limit import repeat_time_limit
from ...objectives.training_errors import TrialFailed
from ...search_spaces.suggestions import replay
from ...storage.best_toml import write_best_toml
from ...storage.database import open_database
from ...storage.lock_wait import hold_free_lock
from ...storage.resume_checkpoints import remove_with_partials
from ...storage.runs_folder import Runs
from ...storage.search_lock import confirm_lock
from ...storage.study_export import params_key
from ...storage.study_record import (
    Confirmed,
    StudyRecord,
    read_confirm_values,
    read_study_record,
    write_confirm_value,
    write_study_record,
)
from ...storage.trial_record import TrialRecord, read_trial_record
from ..cluster.missing_jobs import JobContext, run_missing_jobs
from ..cluster.payload import recipe_files, with_local_files
from ..cluster.ray_cluster import RayCluster, join_cluster
from ..display.terminal import has_progress_display
from ..study.build import build_spec
from ..study.defaults import CONFIRM_SEEDS, CONFIRM_TOP, MAX_SEEDS, RUNS
from ..study.device_check import check_device
from ..study.option_fields import describe_options
from ..study.public_api import public_api
from ..study.recipe import Recipe
from ..study.search_options import ClusterOptions
from ..study.study_error import StudyError, check_at_least, check_at_most
from ..study.study_lookup import best_configuration, open_study
from ..training.training_setup import check_fingerprint
from .confirmation import Confirmation, finalist_table
from .detached_trial import DetachedTrial, with_progress_bar
from .race import race, winner
from .ranked_trials import direction_sign

log = logging.getLogger(__name__)


@public_api
@describe_options(ClusterOptions)
def confirm(  # noqa: D417 - the rows of the options are made from their fields
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
    """Trains the best trials of a study on new seeds and records which has the best mean.

    The best of many values is partly luck. So the best trials, the finalists, are trained again as
    in the search, on the same new seeds and the same validation part. From the second seed on,
    finalists that are clearly worse than the leader drop out. The configuration with the best mean
    is written to best.toml, and `train` uses it.

    Each value is recorded on the study at once. So the same call continues after an interruption,
    and a call with more finalists or seeds uses the recorded values.

    Args:
        study: Name of the study.
        top: Number of finalists, at least 1. If the study has fewer complete trials, all of them
            are finalists. Trials with equal parameters count once.
        seeds: Number of seeds, from 2 to 1,000.
        data_dir: The folder with torchvision data, if it is not that of the search.
        runs: The folder with all studies.
        storage: Optuna URL of the database, if it is not in that folder.

    Raises:
        StudyError: If the study does not exist, has no complete trial or has several objectives,
            the data of the study have changed, or all finalists diverge.
        SpaceError: If a finalist's configuration is no longer in the search space.
        StorageError: If a file or the database cannot be used, or another process confirms the
            study.
        DataError: If the data are missing or broken.
        KeyboardInterrupt: On Ctrl-C.

    References:
        A Racing Algorithm for Configuring Metaheuristics (Birattari, Stützle, Paquete,
        Varrentrapp, 2002); `race.py` explains the differences

    Example:
        >>> result = latentune.confirm("conv-ae-digits", top=2, seeds=2)
        >>> result.confirmed.seeds
        2
    """
    check_at_least("top", top, 1)
    check_at_least("seeds", seeds, 2)
    check_at_most("seeds", seeds, MAX_SEEDS)
    place = Runs(Path(runs))
    url = storage or place.database
    loaded = open_study(open_database(url), study)
    finalists = _choose_finalists(loaded, top)
    table = read_study_record(loaded).full_recipe
    recipe = Recipe.from_table(table, place, storage).at(data_dir)
    check_device("auto", recipe.precision)
    objective = build_spec(recipe, place).objective
    data = objective.data()
    for trial in finalists:  # before hours are spent on the first of them
        check_fingerprint(best_configuration(loaded, trial.number), data)
        replay(objective.model, trial.params, data.spec)
    nodes = join_cluster(cluster, cpus, gpus)
    place.make()
    place.cache.mkdir(exist_ok=True)
    new_seeds = spawn_seeds(recipe.seed, seeds)
    message = f"another process is confirming {study}: wait until it has finished"
    with hold_free_lock(confirm_lock(url, place, study), message):
        return _confirm(_FinalistTraining(loaded, finalists, recipe, new_seeds, place, nodes))


def _choose_finalists(study: optuna.Study, top: int) -> list[FrozenTrial]:
    """Returns the best complete trials with different parameters, the best one first."""
    name = study.study_name
    if len(study.directions) > 1:
        raise StudyError(
            f"study {name!r} has several objectives and no single best trial to confirm: search "
            "by one of its `objectives=`"
        )
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    complete = [trial for trial in complete if isfinite(trial.values[0])]
    if not complete:
        raise StudyError(f"study {name!r} has no complete trial yet")
    complete.sort(key=lambda trial: direction_sign(study) * trial.values[0])
    finalists: dict[str, FrozenTrial] = {}
    for trial in complete:
        finalists.setdefault(params_key(trial.params), trial)
    return list(finalists.values())[:top]


@dataclass(frozen=True)
class _FinalistTraining:
    """Trains finalists on a seed when called. Each value is recorded on the study at once."""

    study: optuna.Study
    finalists: Sequence[FrozenTrial]
    recipe: Recipe
    seeds: Sequence[int]
    runs: Runs
    cluster: RayCluster | None

    def __call__(self, indices: Sequence[int], seed_index: int) -> list[float]:
        """Returns the costs of finalists on a seed, after training those without a recorded value.

        Args:
            indices: Indices of the finalists.
            seed_index: Index of the seed.
        """
        seed, trials = self.seeds[seed_index], [self.finalists[i] for i in indices]
        values = read_confirm_values(self.study)
        of_seeds = f"seed {seed_index + 1} of {len(self.seeds)}"
        titles = {(trial.number, seed): f"trial {trial.number}, {of_seeds}" for trial in trials}
        jobs = {
            key: (self.recipe, trial.params, read_trial_record(trial), seed, title)
            for trial, (key, title) in zip(trials, titles.items(), strict=True)
        }
        for key in run_missing_jobs(
            _train_finalist,
            jobs,
            values,
            self.runs,
            cluster=self.cluster,
            files=recipe_files(self.recipe),
            model=self.recipe.model,
        ):
            value = values[key]
            write_confirm_value(self.study, *key, value)
            log.info("%s: %s", titles[key], "diverged" if value is None else f"{value:.4g}")
        for trial in trials:  # also of those that were trained by a process that was killed
            remove_with_partials(
                _resume_checkpoint_path(self.runs, self.recipe, trial.params, seed)
            )
        sign, found = direction_sign(self.study), [values[key] for key in jobs]
        return [inf if value is None else sign * value for value in found]


def _confirm(training: _FinalistTraining) -> Confirmation:
    """Runs the race and returns its result. The winner is written to the study and best.toml."""
    study, finalists, runs = training.study, training.finalists, training.runs
    seeds, sign = len(training.seeds), direction_sign(study)
    costs = race(training, len(finalists), seeds)
    best = winner(costs)
    if best is None:
        raise StudyError(f"all finalists of {study.study_name!r} diverged on the new seeds")
    table = finalist_table(
        [trial.number for trial in finalists],
        [trial.values[0] for trial in finalists],
        [[sign * cost for cost in of_trial] for of_trial in costs],
        best,
        sign,
    )
    row, search_value = table.iloc[best], finalists[0].values[0]
    confirmed = Confirmed(
        trial=finalists[best].number,
        monitor=read_study_record(study).monitor,
        mean=float(row["mean"]),
        std=float(row["std"]),
        seeds=seeds,
        search_value=search_value,
    )
    write_study_record(study, StudyRecord(confirmed=confirmed))
    with suppress(OSError):  # another study may be confirmed at the same time
        runs.confirm_checkpoints.rmdir()
    path = runs.best(study.study_name)
    write_best_toml(best_configuration(study), path)
    luck = sign * (float(table["mean"][0]) - search_value)
    return Confirmation(study.study_name, confirmed, table, luck, path)


def _train_finalist(
    context: JobContext,
    recipe: Recipe,
    params: Mapping[str, Any],
    record: TrialRecord,
    seed: int,
    title: str,
) -> float | None:
    """Trains a configuration on a seed and returns its value; None if the training diverges.

    If a time limit has ended its trial, it is trained for as many epochs as there.
    """
    spec = build_spec(with_local_files(recipe, context.local_paths), context.runs)
    checkpoint = _resume_checkpoint_path(context.runs, recipe, params, seed)
    objective = replace(
        spec.objective, seed=seed, limits={}, last_epoch=lambda trial: checkpoint
    )  # the finalists were within the limits
    objective = repeat_time_limit(objective, record)
    if has_progress_display():
        objective = with_progress_bar(objective, title)
    try:
        value = objective(cast(optuna.Trial, DetachedTrial(params)))
    except TrialFailed:
        return None
    return cast(float, value)


def _resume_checkpoint_path(
    runs: Runs, recipe: Recipe, params: Mapping[str, Any], seed: int
) -> Path:
    """Returns the path of the checkpoint from which an interrupted training is resumed."""
    key = repr((recipe, sorted(params.items()), seed))
    return runs.confirm_checkpoints / f"{sha256(key.encode()).hexdigest()[:16]}.ckpt"
