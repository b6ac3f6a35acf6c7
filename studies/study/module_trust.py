"""Whose code may run: a module that a file names is imported only if somebody here has named it.

A best.toml or a checkpoint may come from anywhere, and to import a module is to run it.
"""

import optuna

from ...storage.database import database_exists, open_database
from .study_error import StudyError

IMPORT_ATTRIBUTE = "imported"
"""The attribute of a study that came from elsewhere, so that nobody here has named its module."""

_trusted_modules: set[str] = set()


def allow(*models: str) -> None:
    """Lets files ask for modules, for the rest of this process.

    Args:
        models: `module:NAME` of a `StudySpec`, as `search` takes it.

    Example:
        >>> latentune.allow("mine:SPEC")
    """
    _trusted_modules.update(models)


def trusted_modules() -> tuple[str, ...]:
    """Returns what has been allowed so far, to be allowed in another process too."""
    return tuple(_trusted_modules)


def check_module_trust(model: str, storage: str) -> None:
    """Checks that a model is one of the catalog, or allowed, or that of a study made here.

    Args:
        model: What a file asks for.
        storage: Optuna URL of the database whose studies may ask for it.

    Raises:
        StudyError: If it is a module that nobody here has named.
    """
    if ":" not in model or model in _trusted_modules:
        return
    if database_exists(storage):
        database = open_database(storage)
        for study in optuna.get_all_study_summaries(database, include_best_trial=False):
            recipe = study.user_attrs.get("recipe")
            named = isinstance(recipe, dict) and recipe.get("model") == model
            if named and IMPORT_ATTRIBUTE not in study.user_attrs:
                return
    raise StudyError(
        f"a file asks to run {model}, a module that no study here was searched with; if you trust "
        f"it: latentune.allow({model!r})"
    )
