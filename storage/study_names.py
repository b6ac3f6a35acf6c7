"""Checks the names of new studies, which must be valid on every operating system."""

import os
from collections.abc import Collection

import optuna

from .database import database_exists, open_for_reading
from .database_urls import parse_url
from .path_checks import WINDOWS_DEVICE, case_folded
from .runs_folder import RESERVED_NAMES, check_study_name
from .storage_error import StorageError

MAX_STUDY_NAME_BYTES = 200


def check_name_in_database(url: str, study: str) -> str:
    """Returns the name of a study unchanged, after checking that it is allowed.

    The name of a study in the database is always allowed.

    Raises:
        StorageError: If a new study may not have the name, or the database cannot be opened.
    """
    parse_url(url)
    others: list[str] = []
    if database_exists(url):
        others = optuna.get_all_study_names(open_for_reading(url))
    return study if study in others else check_new_name(study, others)


def check_new_name(study: str, others: Collection[str]) -> str:
    """Returns a name unchanged, after checking that a new study may have it.

    Args:
        study: The name.
        others: The names of the other studies.

    Raises:
        StorageError: If, on some operating system, the name is not valid for a folder, is the
            name of a device, or is the same as another name in the runs folder.
    """
    check_study_name(study)
    why, same = None, case_folded(study)
    if WINDOWS_DEVICE.fullmatch(study):
        why = "it is a device on Windows"
    elif study.endswith("."):
        why = "on Windows it would lose the dot at its end"
    elif len(os.fsencode(study)) > MAX_STUDY_NAME_BYTES:
        why = f"it takes {len(os.fsencode(study))} bytes, and {MAX_STUDY_NAME_BYTES} are allowed"
    elif same in RESERVED_NAMES:
        why = f"where case does not count, it is {same!r}, a name that the runs folder uses"
    elif twin := next((name for name in others if case_folded(name) == same), None):
        why = f"where case or the form of accents does not count, it is the study {twin!r}"
    if why is not None:
        raise StorageError(f"{study!r} cannot name a study: {why}; give another by `name=`")
    return study
