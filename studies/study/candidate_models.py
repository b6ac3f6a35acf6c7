"""Chooses the models that a study of `auto` searches: those that fit the data."""

from dataclasses import replace

from ...objectives.data.preparation.labels import check_target_is_known, require_labels
from ...objectives.network_costs import COSTS
from ...search_spaces.catalog.candidates import (
    AUTO,
    KINDS_WITHOUT_TARGET,
    default_objective,
    find_candidates,
    find_fitting_models,
    join_entries,
)
from ...search_spaces.space_errors import did_you_mean
from ...storage.runs_folder import Runs
from .build import data_reader
from .recipe import Recipe
from .study_error import StudyError


def with_candidate_models(recipe: Recipe, runs: Runs) -> Recipe:
    """Returns a recipe of `auto` with all models that fit the data and have the objectives.

    If the recipe names no objectives, the result has the default objective for the data. A recipe
    with another model than `auto` is returned unchanged.

    Raises:
        StudyError: If no model fits the data, or no model that fits has the objectives.
        DataError: If the data are missing or broken, or lack targets that all models need.
    """
    if recipe.model != AUTO or not recipe.data:
        return recipe
    data = data_reader(recipe, join_entries(()), runs)()
    if recipe.target is None:
        check_target_is_known(data)
    if data.spec.kind not in KINDS_WITHOUT_TARGET:
        require_labels(data)
    known = find_fitting_models(data.spec)
    objectives = recipe.objectives or (default_objective(data.spec),)
    metrics = list(dict.fromkeys(name for entry in known.values() for name in entry.metrics))
    for name in objectives:
        if name not in (*metrics, *COSTS):
            raise StudyError(
                f"no model for {data.name} has the objective {name!r}; "
                f"{did_you_mean(name, metrics)}"
            )
    models = find_candidates(data.spec, [name for name in objectives if name not in COSTS])
    if not models:
        raise StudyError(
            f"no model for {data.name} has the objectives {' and '.join(objectives)} together"
        )
    return replace(recipe, objectives=objectives, models=models)
