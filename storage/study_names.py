"""Names of new studies, which must be valid on every system."""

import os
from collections.abc import Collection

import optuna

from .database import database_exists, open_for_reading
from .database_urls import parse_url
from .path_checks import WINDOWS_DEVICE, case_folded
from .runs_folder import RESERVED_NAMES, check_study_name
from .storage_error import StorageError

MAX_NAME_BYTES = 200


def check_name_in_database(url: str, study: str) -> str:
    """Returns a name unchanged if a study in the database has it or a new study may have it.

    Raises:
        StorageError: If it cannot, or the database cannot be opened.
    """
    parse_url(url)
    others: list[str] = []
    if database_exists(url):
        others = optuna.get_all_study_names(open_for_reading(url))
    return study if study in others else check_new_name(study, others)


def check_new_name(study: str, others: Collection[str]) -> str:
    """Returns a name unchanged if a new study beside the `others` can have it on every system.

    Raises:
        StorageError: If on some system it is a device, equal to another name in the runs folder,
            or not a valid name of a folder.
    """
    check_study_name(study)
    why, same = None, case_folded(study)
    if WINDOWS_DEVICE.fullmatch(study):
        why = "it is a device on Windows"
    elif study.endswith("."):
        why = "on Windows it would lose the dot at its end"
    elif len(os.fsencode(study)) > MAX_NAME_BYTES:
        why = f"it takes {len(os.fsencode(study))} bytes, and {MAX_NAME_BYTES} are allowed"
    elif same in RESERVED_NAMES:
        why = f"where case does not count, it is {same!r}, a name that the runs folder uses"
    elif twin := next((name for name in others if case_folded(name) == same), None):
        why = f"where case or the form of accents does not count, it is the study {twin!r}"
    if why is not None:
        raise StorageError(f"{study!r} cannot name a study: {why}; give another by `name=`")
    return study
