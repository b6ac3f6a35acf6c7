"""Planning a search: every default resolved and every input checked before anything is written."""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from ...models.data_spec import DataSpec, Kind
from ...models.networks.architectures import ARCHITECTURES
from ...models.networks.pretrained_backbone import IMAGENET, SIDE
from ...models.types import Space
from ...objectives.data.data_error import DataError
from ...objectives.data.preparation.folds import check_folds
from ...objectives.data.sources.load_source import holds_image_files
from ...search_spaces.catalog.candidates import AUTO, MODEL
from ...search_spaces.catalog.entry import PUBLISHED
from ...search_spaces.catalog.models import MODELS
from ...search_spaces.model_choice import (
    add_model_prefix,
    default_trial_per_model,
    record_model_choices,
    strip_model_prefix,
)
from ...search_spaces.ranges import discover_parameters
from ...search_spaces.space_errors import SpaceError
from ...search_spaces.suggestions import SpaceParameters, replay
from ...storage.artifact_store import choose_bucket
from ...storage.best_toml import read_best_toml
from ...storage.checkpoint_file import file_hash, read_configuration
from ...storage.lock_wait import hold_lock
from ...storage.runs_folder import Runs, StorageError
from ...storage.search_lock import SEARCH_LOCK_NAME, search_lock
from ...storage.study_names import check_name_in_database
from ..cluster.ray_cluster import RayCluster, join_cluster
from ..study.build import build_spec
from ..study.candidate_models import resolve_model_and_data, with_candidate_models
from ..study.checkpoint_lookup import find_encoder
from ..study.definition import FROM_ENTRY
from ..study.module_trust import allow, trusted_modules
from ..study.pretrained_encoder import RANDOM_WEIGHTS, PretrainedEncoder, weights_hash
from ..study.recipe import Recipe
from ..study.search_options import ClusterOptions, Place, SearchOptions
from ..study.study_error import StudyError, check_at_most
from ..study.study_options import StudyOptions
from ..study.study_spec import StudySpec
from ..transfer.reusable_trials import ReusableTrials, derive_study_name, find_reusable_trials
from .pruner_choice import choose_pruner
from .worker_limit import default_worker_count

log = logging.getLogger(__name__)

KIND_NAMES: dict[Kind, str] = {"image": "images", "table": "a table", "text": "texts"}
MAX_WORKERS = 256
MAX_TASKS = 1000


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
        first: Values of the first trials of a new study: of one, or of one for each model that
            can be chosen; none if the sampler chooses them.
        enqueued_params: Values of the trials that come before what the sampler chooses.
        pruner: A key of `PRUNERS`.
        sampler: A key of `SAMPLERS`.
        runs: Where files go.
        storage: Optuna URL of the database.
        cluster: Where workers run; None for this machine.
        bucket: Where pictures go, if not into the runs folder; see `check_bucket`.
        reusable_trials: What is taken over of another study, if anything.
        trusted_modules: Modules that files may ask for; see `allow`.
        started_at: When the search began, in seconds since the epoch.
    """

    name: str
    recipe: Recipe
    definition: Mapping[str, str]
    trials: int
    seconds: float | None
    workers: int
    first: Sequence[Mapping[str, Any]]
    enqueued_params: Sequence[Mapping[str, Any]]
    pruner: str
    sampler: str
    runs: Runs
    storage: str
    cluster: RayCluster | None = None
    bucket: str | None = None
    reusable_trials: ReusableTrials | None = None
    trusted_modules: Sequence[str] = field(default_factory=trusted_modules)
    started_at: float = field(default_factory=time.time)

    @property
    def is_out_of_time(self) -> bool:
        """Whether the time for starting trials is over, for every process of the search."""
        return self.seconds is not None and time.time() - self.started_at > self.seconds

    def hold_lock(self) -> AbstractContextManager[None]:
        """Holds the lock of all searches in the database."""
        return hold_lock(search_lock(self.storage, self.runs), SEARCH_LOCK_NAME)

    @property
    def progress_arguments(self) -> tuple[str, int, list[str], int]:
        """Name of the study, total of trials, metrics, and epochs of a trial."""
        objective = self.spec.objective
        epochs = objective.max_epochs * objective.n_trainings
        return self.name, self.trials, list(objective.metrics), epochs

    @cached_property
    def spec(self) -> StudySpec:
        """What is searched: each process makes its own, and reads an encoder once for it."""
        return build_spec(self.recipe, self.runs)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "spec"}


def plan_search(
    model: str,
    data: str | None,
    study: StudyOptions,
    options: SearchOptions,
    cluster: ClusterOptions,
    place: Place,
) -> SearchPlan:
    """Checks a search and resolves its defaults; `search` says what the arguments are."""
    runs, storage = Runs(place.runs), place.database
    recipe = with_candidate_models(Recipe.of(*resolve_model_and_data(model, data), study), runs)
    allow(recipe.model)
    spec = build_spec(recipe, runs)
    if recipe.encoder is not None:
        recipe = _with_image_size(_resolve_encoder(recipe, runs, storage))
        spec = build_spec(recipe, runs)
    trials = spec.trials if options.trials is None else options.trials
    nodes = join_cluster(cluster.cluster, cluster.cpus, cluster.gpus)
    workers = options.workers or default_worker_count(trials, nodes)
    check_at_most("workers", workers, MAX_WORKERS if nodes is None else MAX_TASKS)
    space, data_module = spec.objective.model, spec.objective.data()
    _check_data_kind(recipe, data_module)
    if spec.objective.folds:
        check_folds(data_module, spec.objective.folds)
    probed, first = _discover_parameters(recipe, space, data_module.spec)
    definition = spec.definition(data_module, probed.distributions, recipe.definition_entries())
    name, reusable_trials = options.name or _default_name(recipe, spec), None
    if options.origin is not None:
        reusable_trials = find_reusable_trials(
            options.origin, space, data_module.spec, definition, storage
        )
        first = reusable_trials.untried_points(first)
        definition[FROM_ENTRY] = options.origin
        if options.name is None:
            name = derive_study_name(name, options.origin, definition, storage)
    if options.default_first and (late := [values[MODEL] for values in first[trials:]]):
        log.info("too few trials for all of them: without %s", ", ".join(late))
    return SearchPlan(
        name=check_name_in_database(storage, name),
        recipe=recipe,
        definition=definition,
        trials=trials,
        seconds=options.seconds,
        workers=workers,
        first=first if options.default_first else [],
        enqueued_params=[
            _read_params(Path(path), recipe, space, data_module.spec) for path in options.enqueue
        ],
        pruner=choose_pruner(options.pruner, spec.objective.n_trainings),
        sampler=options.sampler,
        runs=runs,
        storage=storage,
        cluster=nodes,
        bucket=choose_bucket(name, storage, place.artifacts),
        reusable_trials=reusable_trials,
    )


def _discover_parameters(
    recipe: Recipe, space: Space, data: DataSpec
) -> tuple[SpaceParameters, list[dict[str, Any]]]:
    """Returns what a space varies, and what the first trials of a new study may have."""
    if recipe.model == AUTO:
        probed = discover_parameters(space, data, record_model_choices)
        firsts = default_trial_per_model(probed)
        models = ", ".join(values[MODEL] for values in firsts)
        log.info("%s chooses by %s among %s", AUTO, ", ".join(recipe.objectives), models)
        return probed, firsts
    probed = discover_parameters(space, data)
    values = probed.first_trial(_initial_params(recipe))
    return probed, [values] if values else []


def _read_params(path: Path, recipe: Recipe, space: Space, data: DataSpec) -> Mapping[str, Any]:
    """Reads the values of a best.toml, if this search could have found them."""
    best = read_best_toml(path)
    model, params = best.recipe.get("model"), dict(best.params)
    if model == AUTO and recipe.model != AUTO:  # what its winner has found goes on alone
        params = strip_model_prefix(params)
        model = params.pop(MODEL, AUTO)
    elif recipe.model == AUTO and model in recipe.models:
        model, params = AUTO, add_model_prefix(model, params)
    if model != recipe.model:
        raise StudyError(f"{path} is of model {model!r}, not {recipe.model!r}")
    try:
        replay(space, params, data)
    except SpaceError as error:
        raise SpaceError(f"{path}: {error}") from error
    return params


def _check_data_kind(recipe: Recipe, data: Any) -> None:
    """Checks that data say what they are, and that the model is made for such."""
    if not isinstance(getattr(data, "spec", None), DataSpec):
        raise DataError(
            f"{type(data).__name__} has no `spec`, the DataSpec that says what an item is"
        )
    asked, kind = MODELS.get(recipe.model), data.spec.kind
    if asked is None or kind in asked.kinds:
        return
    fitting = [
        name
        for name, entry in MODELS.items()
        if kind in entry.kinds and entry.predicts == asked.predicts
    ]
    raise StudyError(
        f"{recipe.model} is not made for {KIND_NAMES[kind]} such as {data.name}; "
        f"these are: {', '.join(fitting)}"
    )


def _resolve_encoder(recipe: Recipe, runs: Runs, storage: str | None) -> Recipe:
    """Returns a recipe with the path and the hash of its encoder, or of its weights."""
    assert recipe.encoder is not None
    if recipe.encoder not in ARCHITECTURES:
        try:
            path = find_encoder(recipe.encoder, runs, storage)
        except (StorageError, StudyError) as error:
            close = get_close_matches(recipe.encoder, ARCHITECTURES, n=1)
            hint = f"; did you mean {close[0]}, a network of torchvision?" if close else ""
            raise type(error)(f"{error}{hint}") from error
        return replace(recipe, encoder=str(path), encoder_hash=file_hash(path))
    weights = recipe.weights
    if weights not in (None, RANDOM_WEIGHTS):
        weights = os.path.abspath(str(weights))
    known = weights_hash(weights)
    if weights != RANDOM_WEIGHTS:  # complains before anything is written
        PretrainedEncoder(recipe.encoder, weights, known, recipe.seed)(IMAGENET)
    return replace(recipe, weights=weights, encoder_hash=known)


def _initial_params(recipe: Recipe) -> Mapping[str, Any]:
    """Returns what the first trial has in place of defaults: of a publication, or otherwise."""
    entry = MODELS.get(recipe.model)
    if entry is None:
        return {}
    published = recipe.space == PUBLISHED and entry.published
    return published.params if published else entry.first


def _with_image_size(recipe: Recipe) -> Recipe:
    """Returns a recipe that reads a folder's images at the size of its encoder."""
    assert recipe.encoder is not None
    if recipe.image_size is not None or recipe.data is None or not holds_image_files(recipe.data):
        return recipe
    sides = [SIDE, SIDE]
    if recipe.encoder not in ARCHITECTURES:
        sides = read_configuration(Path(recipe.encoder))["data"]["shape"][1:]
    if len(sides) != 2 or sides[0] != sides[1]:
        return recipe
    log.info("images are read at %sx%s, the size of the encoder's", *sides)
    return replace(recipe, image_size=sides[0])


def _default_name(recipe: Recipe, spec: StudySpec) -> str:
    """Returns the name of a study that the user did not name; it says what it is made of."""
    if recipe.encoder is None:
        return spec.name
    if recipe.encoder in ARCHITECTURES:
        return f"{spec.name}-{recipe.encoder}{'-unfrozen' if recipe.unfreeze else ''}"
    study = read_configuration(Path(recipe.encoder))["study"]
    return f"{recipe.model}-{study}{'-unfrozen' if recipe.unfreeze else ''}"
