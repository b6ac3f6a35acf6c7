"""The types of the attributes of studies and trials.

Attributes are checked, because other people can write to a database or make a zip file. An
attribute whose name is not in this file belongs to a user and may hold any JSON.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, Json, TypeAdapter, ValidationError

from .record import Record, check_limits, validation_message
from .storage_error import StorageError
from .study_record import CONFIRM_TRAINING, Count, StudyRecord
from .trial_record import TrialRecord

Owner = Literal["study", "trial"]
Author = Literal["user", "system"]

MAX_ATTRIBUTE_NAME_LENGTH = 512
"""Maximal number of letters in the name of an attribute, as in Optuna's tables."""
RECORD_TYPES: Mapping[Owner, type[Record]] = {"study": StudyRecord, "trial": TrialRecord}
PlainValue = bool | int | float | str | None


class Artifact(BaseModel, extra="allow"):
    """Optuna's description of an artifact, a file that the dashboard shows."""

    artifact_id: Annotated[str, Field(pattern=r"^[\w-]{1,100}$")]
    filename: str
    mimetype: str
    encoding: str | None = None


ARTIFACT_TYPES: Mapping[str, Any] = {"(dashboard:)?artifacts:.*": Annotated[Artifact | None, Json]}
SYSTEM_TYPES: Mapping[Owner, Mapping[str, Any]] = {
    "study": {
        **ARTIFACT_TYPES,
        "study:metric_names|dashboard:objective_names": list[str],
        r"dashboard:(\d+:)?note_ver": Count,
        r"dashboard:(\d+:)?note_str:\d+": str,
        r"dashboard:plot_data:.*": str,
        "dashboard:form_widgets:v2": dict[str, Any],
        r"preference:(is_preferential|skip_trial:\d+)": bool,
        "preference:values.*": list[list[Count]],
    },
    "trial": {
        **ARTIFACT_TYPES,
        "fixed_params": dict[str, PlainValue],
        "constraints": list[float] | None,
        "constraints:.*": float,
        r"completed_rung_\d+": float,
        r"\w+Sampler:generation|failed_trial": Count,
        "(tpe|gp):relative_params:.*": str,
        "retry_history": list[Count],
    },
}
"""The type of each attribute of Optuna and its dashboard, by a pattern that matches its name."""


def attribute_error(owner: Owner, author: Author, name: str, value: Any) -> str | None:
    """Returns why an attribute is not valid; None if it is.

    Args:
        owner: Whether the attribute belongs to a study or to a trial.
        author: `user` for attributes of Latentune and of users, `system` for attributes of Optuna
            and its dashboard.
        name: Name of the attribute.
        value: Value of the attribute, read from JSON.
    """
    try:
        check_limits(value, name)
    except StorageError as error:
        return str(error)
    try:
        if author == "system":
            for pattern, kind in SYSTEM_TYPES[owner].items():
                if re.fullmatch(pattern, name, re.DOTALL):
                    _adapter(kind).validate_python(value, strict=True)
        elif owner == "study" and CONFIRM_TRAINING.fullmatch(name):
            _adapter(float | None).validate_python(value, strict=True)
        else:
            RECORD_TYPES[owner].model_validate({name: value})
    except ValidationError as error:
        message = validation_message(error)
        return message if message.startswith(f"{name}: ") else f"{name}: {message}"
    return None


def attribute_errors(owner: Owner, author: Author, attributes: Mapping[str, Any]) -> Iterator[str]:
    """Yields a message for each attribute with a name or a value that is not valid."""
    for name, value in attributes.items():
        if why := name_error(name) or attribute_error(owner, author, name, value):
            yield why


def name_error(name: str) -> str | None:
    """Returns why a text cannot be the name of an attribute or a parameter; None if it can."""
    if not 0 < len(name) <= MAX_ATTRIBUTE_NAME_LENGTH:
        return f"a name has 1 to {MAX_ATTRIBUTE_NAME_LENGTH} letters, not {len(name)}"
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in name):
        return f"the name {name!a:.60} holds a control character"
    return None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
