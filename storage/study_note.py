"""Reads the note of a study that a user has written in optuna-dashboard."""

import re

import optuna

from .optuna_internals import system_attributes

NOTE_KEY = re.compile(r"dashboard:note_str:(\d+)")
"""Matches the system attributes in which the dashboard keeps the parts of a study's note."""
OWN_START = "Made by "
"""The beginning of the note that `search` writes."""


def read_note(study: optuna.Study) -> str:
    """Returns the note of a study as the user has written it; empty if there is none.

    The note that `search` has written is not returned, because it repeats the study's record.
    """
    parts = {
        int(match[1]): str(value)
        for key, value in system_attributes(study).items()
        if (match := NOTE_KEY.fullmatch(key))
    }
    note = "".join(parts[number] for number in sorted(parts)).strip()
    return "" if note.startswith(OWN_START) else note
