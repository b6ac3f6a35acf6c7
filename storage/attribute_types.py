"""What the attributes of studies and trials hold: their types and ranges, in one place.

They stand in a database that others may have written, and come in zips. Whatever is not named here
is an attribute of users, and may be any JSON.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, Json, TypeAdapter, ValidationError

from .input_limits import check_limits
from .runs_folder import StorageError

Owner = Literal["study", "trial"]
Author = Literal["user", "system"]

MAX_NAME_LENGTH = 512  # letters, as Optuna's tables have them
Count = Annotated[int, Field(ge=0, lt=2**31)]
Epoch = Annotated[int, Field(ge=-1, lt=2**31)]
"""An epoch, counted from 1; -1 before the first one is over."""
Digits = Annotated[str, Field(pattern=r"^\d{1,10}$")]
Number = float  # which whole numbers are too
Plain = bool | int | float | str | None


class RecipeTable(BaseModel, extra="allow"):
    """The words that a study is made of, as far as they are read without being made into it."""

    model: str
    data: str | None = None
    models: list[str] = []
    ranges: dict[str, str] = {}
    encoder: str | None = None
    encoder_hash: str | None = None
    weights: str | None = None


class EncoderSource(BaseModel, extra="forbid"):
    """The network that a study is on."""

    study: str
    checkpoint: str
    hash: str
    trial: Count | None = None


class Origin(BaseModel, extra="forbid"):
    """The study, and perhaps the trial, whose trials were taken over."""

    study: str
    trial: Count | None = None


class Imported(BaseModel, extra="forbid"):
    """The zip that a study came in."""

    study: str
    at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")]
    sha256: str
    by: str


class Confirmed(BaseModel, extra="forbid"):
    """The configuration that was found to be the best one; see `confirm`."""

    trial: Count
    monitor: str
    mean: Number
    std: Number
    seeds: Count
    searched: Number


class Provenance(BaseModel, extra="allow"):
    """What a rerun needs to be the same, and the machine."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    data_fingerprint: str | None = None
    git_commit: str | None = None
    versions: dict[str, str] = {}


class TrainingResult(BaseModel, extra="allow"):
    """What one of several trainings of a trial came to."""

    values: list[Number]
    epochs: Count
    best_epoch: Count


class Artifact(BaseModel, extra="allow"):
    """A file that the dashboard shows."""

    artifact_id: Annotated[str, Field(pattern=r"^[\w-]{1,100}$")]
    filename: str
    mimetype: str
    encoding: str | None = None


ARTIFACT_TYPES: Mapping[str, Any] = {"(dashboard:)?artifacts:.*": Annotated[Artifact | None, Json]}
ATTRIBUTE_TYPES: Mapping[tuple[Owner, Author], Mapping[str, Any]] = {
    ("study", "user"): {
        "recipe": RecipeTable,
        "definition": dict[str, str],
        "monitor|command|artifacts": str,
        "parent": EncoderSource,
        "origin": Origin,
        "imported": Imported,
        "confirmed": Confirmed,
        "confirming": dict[Digits, dict[Digits, Number | None]],
    },
    ("trial", "user"): {
        "epochs|pruned": Count,
        "best_epoch": Epoch,
        "parameters": Annotated[int, Field(ge=0, lt=2**53)],
        "provenance": Provenance,
        "hparams": dict[str, Any],
        "stopped|failure": str,
        "origin": Origin,
        "deaths": list[Count | None],
        "runs": list[TrainingResult],
        "spread": Number | list[Number],
    },
    ("study", "system"): {
        **ARTIFACT_TYPES,
        "study:metric_names|dashboard:objective_names": list[str],
        r"dashboard:(\d+:)?note_ver": Count,
        r"dashboard:(\d+:)?note_str:\d+": str,
        r"dashboard:plot_data:.*": str,
        "dashboard:form_widgets:v2": dict[str, Any],
        r"preference:(is_preferential|skip_trial:\d+)": bool,
        "preference:values.*": list[list[Count]],
    },
    ("trial", "system"): {
        **ARTIFACT_TYPES,
        "fixed_params": dict[str, Plain],
        "constraints": list[Number] | None,
        "constraints:.*": Number,
        r"completed_rung_\d+": Number,
        r"\w+Sampler:generation|failed_trial": Count,
        "(tpe|gp):relative_params:.*": str,
        "retry_history": list[Count],
    },
}
"""The type of each attribute that somebody reads, by a pattern of its name."""


def attribute_error(owner: Owner, author: Author, name: str, value: Any) -> str | None:
    """Returns why an attribute is not what is read of it; None if it may be.

    Args:
        owner: Of what it is an attribute.
        author: Whose it is: ours and those of users, or those of Optuna and its dashboard.
        name: Its name.
        value: What was read of its JSON.
    """
    try:
        check_limits(value, name)
    except StorageError as error:
        return str(error)
    for pattern, kind in ATTRIBUTE_TYPES[owner, author].items():
        if re.fullmatch(pattern, name, re.DOTALL):
            try:
                _adapter(owner, author, pattern, kind).validate_python(value, strict=True)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = "".join(f"{part}: " for part in first["loc"] if isinstance(part, str))
                return f"{name}: {where}{first['msg'][0].lower()}{first['msg'][1:]}"
    return None


def attribute_errors(owner: Owner, author: Author, attributes: Mapping[str, Any]) -> Iterator[str]:
    """Yields what is wrong with attributes and their names."""
    for name, value in attributes.items():
        if why := name_error(name) or attribute_error(owner, author, name, value):
            yield why


def name_error(name: str) -> str | None:
    """Returns why a text cannot be the name of an attribute or a parameter; None if it can."""
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        return f"a name has 1 to {MAX_NAME_LENGTH} letters, not {len(name)}"
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in name):
        return f"the name {name!a:.60} holds a control character"
    return None


@cache
def _adapter(owner: Owner, author: Author, pattern: str, kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
