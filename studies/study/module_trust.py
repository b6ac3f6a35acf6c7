"""Decides which Python modules may be imported because a best.toml or a checkpoint names them.

Such a file may come from anyone, and importing a module runs its code. So only modules that the
user trusts are imported.
"""

from ...storage.database import database_exists, open_for_reading
from ...storage.study_record import read_study_record
from .study_error import StudyError

_trusted_modules: set[str] = set()


def allow(*models: str) -> None:
    """Trusts Python modules of custom studies, for the rest of this process.

    Args:
        models: The `module:NAME` of each `StudySpec`, as for `search`.

    Example:
        >>> latentune.allow("mine:SPEC")
    """
    _trusted_modules.update(models)


def trusted_modules() -> tuple[str, ...]:
    """Returns the modules that `allow` has named so far, to pass them to another process."""
    return tuple(_trusted_modules)


def check_module_trust(model: str, storage: str) -> None:
    """Raises StudyError if `model` is a `module:NAME` from a file, and the module is not trusted.

    A module is trusted if the user named it by `allow`, or if a study with this module was created
    in the database `storage`. A study that was imported from an archive does not count.
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
