"""Planning a search: defaults are chosen and inputs are checked before a file is written."""

import logging
import time
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna

from ...models.data_spec import DataSpec, Kind
from ...objectives.data.data_error import DataError
from ...objectives.data.preparation.folds import check_folds
from ...search_spaces.batch_size import BATCH_SIZE
from ...search_spaces.catalog.candidates import MODEL
from ...search_spaces.catalog.models import MODELS
from ...search_spaces.strategies import NONE, WILCOXON
from ...storage.artifact_store import choose_bucket
from ...storage.lock_wait import hold_lock
from ...storage.runs_folder import Runs
from ...storage.search_lock import SEARCH_LOCK_NAME, search_lock
from ...storage.study_names import check_name_in_database
from ...storage.study_record import LastSearch
from ..cluster.ray_cluster import RayCluster, join_cluster
from ..study.build import build_spec
from ..study.candidate_models import with_candidate_models
from ..study.defaults import PRUNER
from ..study.definition import FROM_ENTRY
from ..study.device_check import check_device
from ..study.forecast.forecast import forecast
from ..study.module_trust import allow, trusted_modules
from ..study.option_fields import pick_options
from ..study.patience import Patience
from ..study.point_check import PointCheck
from ..study.recipe import Recipe, resolve_model_and_data
from ..study.search_options import ClusterOptions, Place, SearchOptions
from ..study.study_error import StudyError, check_at_most
from ..study.study_lookup import default_batch_size
from ..study.study_options import StudyOptions
from ..study.study_spec import StudySpec
from ..transfer.past_studies import LearnedPoints, NewStudy, find_learned_points
from ..transfer.reusable_trials import ReusableTrials, derive_study_name, find_reusable_trials
from .encoder_choice import EncoderChoice
from .first_trials import find_parameters, read_params
from .patience_choice import choose_patience
from .rejections import fitting_points
from .stalled_workers import StallLimits
from .worker_count import default_workers

log = logging.getLogger(__name__)

DATA_KIND_NAMES: dict[Kind, str] = {"image": "images", "table": "a table", "text": "texts"}
MAX_WORKERS = 256
MAX_TASKS = 1000  # workers on a cluster


@dataclass(frozen=True)
class SearchPlan:
    """All settings of a search, which `plan_search` has checked.

    Attributes:
        definition: The settings that are the same in all searches of the study.
        trials: Number of finished trials in the study, from all searches, that ends this search.
        seconds: Time after `started_at` at which the search ends; None for no limit.
        trial_seconds: Time after which a trial ends; None for no limit.
        patience: After how many trials with too little gain the search ends; None for never.
        first: Parameters of the first trials of a new study; empty if the sampler chooses them.
        learned_points: Points of past studies, which run after `first`; None if none are wanted.
        enqueued_params: Parameters of the trials of `enqueue`, which run before other new trials.
        cluster: The cluster of the workers; None for this machine.
        bucket: The bucket of the pictures; None for the runs folder.
        started_at: Start of the search, in seconds since the epoch.
        stall_limits: How long the training of a worker may make no step.
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
    trial_seconds: float | None = None
    cluster: RayCluster | None = None
    bucket: str | None = None
    reusable_trials: ReusableTrials | None = None
    patience: Patience | None = None
    learned_points: LearnedPoints | None = None
    trusted_modules: Sequence[str] = field(default_factory=trusted_modules)
    started_at: float = field(default_factory=time.time)
    stall_limits: StallLimits = field(default_factory=StallLimits)

    def hold_lock(self) -> AbstractContextManager[None]:
        """Returns a context manager that holds the lock of all searches in the database."""
        return hold_lock(search_lock(self.storage, self.runs), SEARCH_LOCK_NAME)

    @property
    def settings(self) -> LastSearch:
        """The settings from which the end of the search is forecast; the study records them."""
        return LastSearch(
            trials=self.trials, workers=self.workers, sampler=self.sampler, pruner=self.pruner
        )

    @property
    def progress_arguments(self) -> tuple[str, int, list[str], int, Callable[[Any], str]]:
        """The arguments of `SearchProgress`; see `trial_progress`."""
        objective = self.spec.objective
        epochs = objective.max_epochs * objective.n_trainings
        return self.name, self.trials, list(objective.metrics), epochs, self._describe_forecast

    def _describe_forecast(self, study: optuna.Study) -> str:
        trials = study.get_trials(deepcopy=False)
        return forecast(study, trials, datetime.now(), self.settings).brief

    @cached_property
    def spec(self) -> StudySpec:
        """The search space, data and objective. Each process builds them again from the recipe."""
        return build_spec(self.recipe, self.runs)

    @property
    def points(self) -> PointCheck:
        """Suggests points of the search space, and says which of them exceed a limit."""
        objective = self.spec.objective
        return PointCheck(objective, objective.data(), self.recipe.encoder is not None)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "spec"}


def plan_search(
    model: str, data: str | None, *, started_at: float | None = None, **values: Any
) -> SearchPlan:
    """Returns the plan of a search. The docstring of `search` has the arguments and the errors.

    `started_at` is when the search began, in seconds since the epoch; None for now.
    """
    started_at = time.time() if started_at is None else started_at  # before data are read
    study, options = pick_options(StudyOptions, values), pick_options(SearchOptions, values)
    cluster, place = pick_options(ClusterOptions, values), pick_options(Place, values)
    runs = Runs(Path(place.runs))
    storage = place.storage or runs.database
    recipe = with_candidate_models(
        Recipe.create(*resolve_model_and_data(model, data), study), runs
    )
    allow(recipe.model)
    check_device("auto", recipe.precision)
    spec = build_spec(recipe, runs)
    name = spec.name
    if recipe.encoder is not None:
        recipe, name = EncoderChoice(recipe, recipe.encoder, name, runs, storage).resolve()
        spec = build_spec(recipe, runs)
    name = options.name or name
    if recipe.batch_size is None and BATCH_SIZE not in (recipe.ranges or {}):
        size = default_batch_size(storage, options.origin or name)
        recipe = replace(recipe, batch_size=size)
        spec = build_spec(recipe, runs)
    trials = spec.trials if options.trials is None else options.trials
    nodes = join_cluster(cluster.cluster, cluster.cpus, cluster.gpus)
    workers = options.workers or default_workers(trials, nodes)
    check_at_most("workers", workers, MAX_WORKERS if nodes is None else MAX_TASKS)
    space, data_module = spec.objective.model, spec.objective.data()
    _check_data_kind(recipe, data_module)
    parameters, first = find_parameters(recipe, space, data_module)
    defaults = dict(ChainMap(*first))
    points = PointCheck(spec.objective, data_module, recipe.encoder is not None)
    params = [read_params(Path(p), recipe, points) for p in options.enqueue]
    first = fitting_points(first, points) if options.default_first else []
    pruner = _choose_pruner(options.pruner, spec.objective.n_trainings)
    definition = spec.definition(
        data_module, parameters.distributions, recipe.definition_entries()
    )
    reusable_trials = None
    if options.origin is not None:
        reusable_trials = find_reusable_trials(options.origin, points, definition, storage)
        first = reusable_trials.untried_points(first)
        definition[FROM_ENTRY] = options.origin
        if options.name is None:
            name = derive_study_name(name, options.origin, definition, storage)
    new_study = NewStudy(name, recipe, points, defaults, definition)
    learned_points = find_learned_points(options.learn_from, new_study, first, trials, storage)
    if spec.objective.folds:
        check_folds(data_module, spec.objective.folds)
    untried = [values[MODEL] for values in first[trials:] if MODEL in values]
    if untried:
        log.info("too few trials to try these models: %s", ", ".join(untried))
    return SearchPlan(
        name=check_name_in_database(storage, name),
        recipe=recipe,
        definition=definition,
        trials=trials,
        seconds=options.seconds,
        trial_seconds=options.trial_seconds,
        workers=workers,
        first=first,
        enqueued_params=params,
        pruner=pruner,
        sampler=options.sampler,
        runs=runs,
        storage=storage,
        cluster=nodes,
        bucket=choose_bucket(name, storage, place.artifacts),
        reusable_trials=reusable_trials,
        patience=choose_patience(options.patience, spec.objective, storage, name),
        started_at=started_at,
        learned_points=learned_points,
    )


def _check_data_kind(recipe: Recipe, data: Any) -> None:
    """Checks that the data module `data` has a `spec`, and that the model takes data of its kind.

    Raises:
        DataError: If the data module has no `spec`.
        StudyError: If the model does not take such data.
    """
    if not isinstance(getattr(data, "spec", None), DataSpec):
        raise DataError(
            f"{type(data).__name__} has no `spec`: a DataSpec that describes an item is needed"
        )
    entry, kind = MODELS.get(recipe.model), data.spec.kind
    if entry is None or kind in entry.kinds:
        return
    fitting = [
        name
        for name, other in MODELS.items()
        if kind in other.kinds and other.predicts == entry.predicts
    ]
    raise StudyError(
        f"{recipe.model} is not made for {DATA_KIND_NAMES[kind]} such as {data.name}; "
        f"these are: {', '.join(fitting)}"
    )


def _choose_pruner(pruner: str | None, trainings: int) -> str:
    """Returns `pruner` or, if that is None, the default for trials of `trainings` trainings.

    Raises:
        StudyError: If the pruner cannot compare trials of `trainings` trainings.
    """
    if pruner is None:
        return PRUNER if trainings == 1 else WILCOXON
    if trainings == 1 and pruner == WILCOXON:
        raise StudyError(
            f"the pruner {pruner} compares trainings, and each trial has only one: ask for "
            "more by `repeats=` or `folds=`"
        )
    if trainings > 1 and pruner not in (WILCOXON, NONE):
        raise StudyError(
            f"the pruner {pruner} compares epochs, and a trial has {trainings} trainings: choose "
            f"{WILCOXON} or {NONE} by `pruner=`"
        )
    return pruner
