"""The models that `auto` chooses among, which the data decide when a search is planned."""

import os
from dataclasses import replace

from ...objectives.data.preparation.labels import check_target_is_known, require_labels
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...search_spaces.catalog.candidates import (
    AUTO,
    default_objective,
    find_candidates,
    find_fitting_models,
    join_entries,
)
from ...search_spaces.catalog.models import MODELS
from ...search_spaces.space_errors import did_you_mean
from ...storage.runs_folder import Runs
from .build import data_reader
from .recipe import Recipe
from .study_error import StudyError


def resolve_model_and_data(model: str, data: str | None) -> tuple[str, str | None]:
    """Returns the model and its data; a word that is not a model is the data of `auto`.

    Raises:
        StudyError: If the word is neither a model nor data.
    """
    known = [*MODELS, AUTO]
    if data is not None or model in known or ":" in model:
        return model, data
    # A path that does not exist is refused where data are read.
    if model in DATASETS or os.path.exists(model) or {".", os.sep} & set(model):
        return AUTO, model
    hint = did_you_mean(model, [*known, *DATASETS])
    raise StudyError(f"there is no model, data set, file or folder {model!r}; {hint}")


def with_candidate_models(recipe: Recipe, runs: Runs) -> Recipe:
    """Returns a recipe of `auto` with the models that fit its data and their common objectives.

    Recipes of other models are returned unchanged.

    Raises:
        StudyError: If no model fits, or none that fits has these objectives.
        DataError: If the data are missing or broken, or lack the targets of every model.
    """
    if recipe.model != AUTO or not recipe.data:
        return recipe
    data = data_reader(recipe, join_entries(()), runs)()
    if recipe.target is None:
        check_target_is_known(data)
    known = find_fitting_models(data.spec)
    if not known:
        require_labels(data)
    objectives = recipe.objectives or (default_objective(data.spec),)
    metrics = list(dict.fromkeys(name for entry in known.values() for name in entry.metrics))
    for name in objectives:
        if name not in metrics:
            raise StudyError(
                f"no model for {data.name} has the objective {name!r}; "
                f"{did_you_mean(name, metrics)}"
            )
    models = find_candidates(data.spec, objectives)
    if not models:
        raise StudyError(
            f"no model for {data.name} has the objectives {' and '.join(objectives)} together"
        )
    return replace(recipe, objectives=objectives, models=models)
