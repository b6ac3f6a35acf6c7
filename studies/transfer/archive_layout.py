"""The layout of a study's archive: the names of its parts, and the files that it excludes."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from ...storage.trial_record import read_trial_record

KIND = "study"
"""The kind of archive, in its manifest."""
STUDY = "study.json"
README = "README.txt"
FOLDER = "study"
"""The contents of the study's folder in the runs folder."""
ARTIFACTS = "artifacts"
ENCODER = "encoder"
"""The folder of the encoder: in the archive, and in the folder of an imported study."""
CHECKPOINT, BEST = "model.ckpt", "best.toml"
ENCODER_CHECKPOINT, ENCODER_BEST = f"{ENCODER}/{CHECKPOINT}", f"{ENCODER}/{BEST}"
KNOWN_FILES = re.compile(
    f"{STUDY}|{README}|{ENCODER_CHECKPOINT}|{ENCODER_BEST}|{FOLDER}/.+|{ARTIFACTS}/[0-9a-fA-F-]+"
)

REUSABLE_STATES = (TrialState.COMPLETE, TrialState.PRUNED)
"""The states of the trials that another study can use."""

ARTIFACT_PREFIX = "artifacts:"
"""Prefix of the attributes in which Optuna describes artifacts."""

_OF_TRIAL = re.compile(r"(dashboard:(?:artifacts:)?)(\d+)(:.*)", re.DOTALL)
"""An attribute of a study in which the dashboard keeps something of one of its trials."""
_UNFINISHED = ("-partial", "-before", "-finished", ".partial", ".lock")


def is_cache(name: str) -> bool:
    """Returns whether a file beside an encoder holds cached latent codes."""
    return name.startswith("codes-") and name.endswith(".pt")


def is_excluded(name: str) -> bool:
    """Returns whether archives leave out a file or folder of this name.

    Archives leave out unfinished files, older versions of files, and caches.
    """
    return name.endswith(_UNFINISHED) or is_cache(name)


def renumber_attributes(attrs: Mapping[str, Any], numbers: Mapping[int, int]) -> dict[str, Any]:
    """Returns attributes of a study with new trial numbers in the names that the dashboard uses.

    Attributes of trials without a new number are left out.
    """
    found = {}
    for name, value in attrs.items():
        match = _OF_TRIAL.fullmatch(name)
        if match is None:
            found[name] = value
        elif int(match[2]) in numbers:
            found[f"{match[1]}{numbers[int(match[2])]}{match[3]}"] = value
    return found


def artifact_records(attrs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields Optuna's description of each artifact that was not deleted."""
    for name, text in attrs.items():
        if name.startswith(ARTIFACT_PREFIX):
            try:
                found = json.loads(text)
            except (TypeError, ValueError, RecursionError):
                continue
            if isinstance(found, dict) and isinstance(found.get("artifact_id"), str):
                yield found


def trial_identity(trial: FrozenTrial) -> str:
    """Returns a text that is equal for copies of a trial: parameters, seed, values and state."""
    provenance = read_trial_record(trial).provenance
    seed = None if provenance is None else provenance.seed
    return json.dumps([trial.params, seed, trial.values, trial.state.name], sort_keys=True)
