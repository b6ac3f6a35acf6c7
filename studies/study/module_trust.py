"""Trust in modules: if a file names a module, it is imported only if the user trusts it.

A best.toml or a checkpoint may come from anywhere, and importing a module runs its code.
"""

from ...storage.database import database_exists, open_for_reading
from ...storage.study_record import read_study_record
from .study_error import StudyError

_trusted_modules: set[str] = set()


def allow(*models: str) -> None:
    """Trusts modules for the rest of this process, so that files may name them.

    Args:
        models: `module:NAME` of a `StudySpec`, as `search` takes it.

    Example:
        >>> latentune.allow("mine:SPEC")
    """
    _trusted_modules.update(models)


def trusted_modules() -> tuple[str, ...]:
    """Returns the modules that are trusted so far, for another process."""
    return tuple(_trusted_modules)


def check_module_trust(model: str, storage: str) -> None:
    """Raises StudyError if the model of a file is a module that is not trusted.

    Trusted are the modules that the user named by `allow`, and those of the studies that were
    created in this database. A model of the catalog is not a module.
    """
    if ":" not in model or model in _trusted_modules:
        return
    if database_exists(storage):
        for study in open_for_reading(storage).get_all_studies():
            record = read_study_record(study)
            if record.recipe.model == model and record.imported is None:
                return
    raise StudyError(
        f"a file wants to import {model}, which no study here uses; if you trust this module: "
        f"latentune.allow({model!r})"
    )
