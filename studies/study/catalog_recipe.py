"""Looks up a recipe's model and objectives in the catalog. PyTorch is not imported."""

from ...models.types import Direction
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...objectives.network_costs import COSTS
from ...search_spaces.catalog.candidates import AUTO, join_entries
from ...search_spaces.catalog.entry import CatalogEntry
from ...search_spaces.catalog.models import MODELS
from .recipe import Recipe
from .study_error import StudyError, check_choice, check_known


def catalog_entry(recipe: Recipe) -> CatalogEntry:
    """Returns the catalog entry of a recipe's model.

    For the model `auto`, the entries of all models in `recipe.models` are joined.

    Raises:
        StudyError: If the model or space does not exist, the recipe names no data, or the recipe
            has an encoder that the model does not use.
    """
    if recipe.model == AUTO:
        for model in recipe.models:
            check_choice("model", model, MODELS)
        entry = join_entries(recipe.models)
    else:
        # A single word may be a model or data; see `resolve_model_and_data`.
        wanted = "model" if recipe.data else "model, data set, file or folder"
        check_choice(wanted, recipe.model, [*MODELS, AUTO, *(() if recipe.data else DATASETS)])
        entry = MODELS[recipe.model]
    check_known(recipe.space, entry.spaces, f"{recipe.model} has no space {recipe.space!r}")
    if not recipe.data:
        raise StudyError(
            f"{recipe.model} needs data: {', '.join(DATASETS)}, or a folder or file of yours"
        )
    if not entry.needs_encoder and (recipe.encoder is not None or recipe.unfreeze):
        raise StudyError(f"{recipe.model} does not use an encoder: leave out `encoder=`")
    return entry


def objective_metrics(recipe: Recipe, entry: CatalogEntry) -> dict[str, Direction]:
    """Returns the direction of each objective of a recipe, by the name of its metric.

    The metric of `mse` is `val_mse`. Costs of the network, such as `params`, are minimized under
    their own names. If the recipe names no objective, the first objective of the model is used.

    Raises:
        StudyError: If the model does not have an objective, the recipe names one twice, or all
            are costs.
    """
    known: dict[str, tuple[str, Direction]] = {name: (name, "minimize") for name in COSTS}
    known |= {name: (f"val_{name}", way) for name, way in entry.metrics.items()}
    for name in recipe.objectives:
        check_known(name, known, f"{recipe.model} has no objective {name!r}")
        if recipe.objectives.count(name) > 1:
            raise StudyError(f"objective {name!r} is named twice")
    first = next(iter(entry.metrics))
    if recipe.objectives and set(recipe.objectives) <= COSTS.keys():
        names = ",".join(recipe.objectives)
        raise StudyError(
            f"{names} alone says nothing of quality: add a metric, as in `objectives=` "
            f"{first},{names}"
        )
    return dict(known[name] for name in recipe.objectives or [first])


def check_words(recipe: Recipe) -> None:
    """Checks the model, space, objectives and data of a recipe, without importing PyTorch.

    Raises:
        StudyError: If the model, space or objective does not exist, or an option does not fit.
        DataError: If the data do not exist.
    """
    from ...objectives.data.sources.source import check_exists

    if ":" in recipe.model:
        recipe.check_custom_study()
        return
    entry = catalog_entry(recipe)
    if recipe.model != AUTO:  # the objectives of `auto` depend on the data
        objective_metrics(recipe, entry)
    check_exists(str(recipe.data))
