"""Names of new studies: safe on every system that the runs folder may be moved to."""

import os
import unicodedata
from collections.abc import Collection

import optuna

from .database import database_exists, open_database
from .database_urls import parse_url
from .runs_folder import RESERVED_NAMES, check_study_name
from .storage_error import StorageError

MAX_NAME_BYTES = 200
WINDOWS_DEVICES = {
    "CON",
    "PRN",
    "AUX",
    "NUL",
    *(f"{d}{n}" for d in ("COM", "LPT") for n in range(10)),
}
"""What Windows takes for a device, whatever suffix it has."""


def check_name_in_database(url: str, study: str) -> str:
    """Returns the name of a study that is in a database, or may be made there.

    Raises:
        StorageError: If it may not, or the database cannot be opened.
    """
    parse_url(url)
    others: list[str] = []
    if database_exists(url):
        others = optuna.get_all_study_names(open_database(url))
    return study if study in others else check_new_name(study, others)


def check_new_name(study: str, others: Collection[str]) -> str:
    """Returns the name of a study that is about to be made, if it can name one everywhere.

    An older study may have a name that would be refused today.

    Args:
        study: The name.
        others: Those of the studies that are there.

    Raises:
        StorageError: If another system would take it for a device, for another study or for what
            lies beside them, or cannot have a folder of this name.
    """
    check_study_name(study)
    why, same = None, _case_folded(study)
    if study.partition(".")[0].upper() in WINDOWS_DEVICES:
        why = "it is a device on Windows"
    elif study.endswith("."):
        why = "on Windows it would lose the dot at its end"
    elif len(os.fsencode(study)) > MAX_NAME_BYTES:
        why = f"it takes {len(os.fsencode(study))} bytes, and {MAX_NAME_BYTES} are allowed"
    elif same in RESERVED_NAMES:
        why = f"where case does not count, it is {same!r}, for which the runs folder has a use"
    elif twin := next((name for name in others if _case_folded(name) == same), None):
        why = f"where case or the form of accents does not count, it is the study {twin!r}"
    if why is not None:
        raise StorageError(f"{study!r} cannot name a study: {why}; give another by `name=`")
    return study


def _case_folded(name: str) -> str:
    """Returns a name as systems see it that tell neither case nor composed letters apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
