"""The parameters of a search, and the points that its first trials try."""

import logging
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from ...models.data_spec import DataSpec, Kind
from ...models.types import Space
from ...search_spaces.batch_size import BATCH_SIZE
from ...search_spaces.catalog.candidates import AUTO, MODEL
from ...search_spaces.catalog.entry import PUBLISHED
from ...search_spaces.catalog.models import MODELS
from ...search_spaces.distributions import nearest_value
from ...search_spaces.model_choice import (
    add_model_prefix,
    default_trial_per_model,
    record_model_choices,
    strip_model_prefix,
)
from ...search_spaces.ranges import discover_parameters
from ...search_spaces.shared_ranges import LINEAR_PATH
from ...search_spaces.space_errors import SpaceError
from ...search_spaces.suggestions import SpaceParameters, replay_distributions
from ...storage.best_toml import read_best_toml
from ..study.point_check import PointCheck
from ..study.recipe import Recipe
from ..study.study_error import StudyError

ITEMS_PER_VALUE: Mapping[Kind, int] = {"image": 5, "table": 50, "text": 50}
"""Training items for each value of an item, below which the first network starts from PCA."""

log = logging.getLogger(__name__)


def find_parameters(
    recipe: Recipe, space: Space, data: Any
) -> tuple[SpaceParameters, list[dict[str, Any]]]:
    """Returns the parameters of a space, and the parameters of the first trials of a new study.

    `data` is the data module.
    """
    parameters, first = _find_parameters(recipe, space, data.spec)
    if (splits := getattr(data, "splits", None)) is not None:
        few = len(splits.train) < ITEMS_PER_VALUE[data.spec.kind] * prod(data.spec.shape)
        first = [_start_from_components(values, few, parameters) for values in first]
    sizes = parameters.distributions.get(BATCH_SIZE)
    if sizes is not None and hasattr(data, BATCH_SIZE):
        size = nearest_value(sizes, data.batch_size)
        first = [values | {BATCH_SIZE: size} for values in first]
    return parameters, first


def _start_from_components(
    params: Mapping[str, Any], few: bool, space: SpaceParameters
) -> dict[str, Any]:
    """Returns the parameters, with a linear path if there are few items beside their values.

    A path that the user has fixed stays as it is.
    """

    def is_free(name: str) -> bool:
        choices = getattr(space.distributions.get(name), "choices", ())
        return name.split(".")[-1] == LINEAR_PATH and few in choices

    return {name: few if is_free(name) else value for name, value in params.items()}


def _find_parameters(
    recipe: Recipe, space: Space, data: DataSpec
) -> tuple[SpaceParameters, list[dict[str, Any]]]:
    if recipe.model == AUTO:
        parameters = discover_parameters(space, data, record_model_choices)
        first = default_trial_per_model(parameters)
        models = ", ".join(values[MODEL] for values in first)
        log.info("%s chooses by %s among %s", AUTO, ", ".join(recipe.objectives), models)
        return parameters, first
    parameters, entry = discover_parameters(space, data), MODELS.get(recipe.model)
    initial = {} if entry is None else entry.first
    if entry is not None and recipe.space == PUBLISHED and entry.published is not None:
        initial = entry.published.params
    values = parameters.first_trial(initial)
    return parameters, [values] if values else []


def read_params(path: Path, recipe: Recipe, points: PointCheck) -> Mapping[str, Any]:
    """Returns the parameters of the best.toml at `path`.

    Raises:
        StudyError: If the file is of another model than the recipe.
        SpaceError: If the space cannot suggest these parameters, or they exceed a limit.
    """
    best = read_best_toml(path)
    model, params = best.recipe.get("model"), dict(best.params)
    if model == AUTO and recipe.model != AUTO:
        params = strip_model_prefix(params)
        model = params.pop(MODEL, AUTO)
    elif recipe.model == AUTO and model in recipe.models:
        model, params = AUTO, add_model_prefix(model, params)
    if model != recipe.model:
        raise StudyError(f"{path} is of model {model!r}, not {recipe.model!r}")
    try:
        replay_distributions(points.objective.model, params, points.spec)
    except SpaceError as error:
        raise SpaceError(f"{path}: {error}") from error
    if excess := points.excess(params):
        raise SpaceError(f"{path} is {excess}: leave it out of `enqueue=`")
    return params
