"""What an archive of a study holds, and what each part of it is called there."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from ...storage.trial_record import read_trial_record

KIND = "study"  # what a manifest says that the archive is of
STUDY = "study.json"
README = "README.txt"
FOLDER = "study"  # what lies in the study's folder of the runs folder
ARTIFACTS = "artifacts"
ENCODER = "encoder"
"""The folder with the encoder, here as beside a study that could not have it in its own place."""
CHECKPOINT, BEST = "model.ckpt", "best.toml"

FINISHED_STATES = (TrialState.COMPLETE, TrialState.PRUNED)
"""The states of the trials that another study can learn from."""

ATTACHED = "artifacts:"
"""How the attribute begins by which Optuna knows an artifact."""

_OF_TRIAL = re.compile(r"(dashboard:(?:artifacts:)?)(\d+)(:.*)", re.DOTALL)
"""An attribute of a study by which the dashboard keeps something of one of its trials."""


def is_cache(name: str) -> bool:
    """Whether a file beside an encoder is what heads have kept of its codes."""
    return name.startswith("codes-") and name.endswith(".pt")


def is_excluded(name: str) -> bool:
    """Whether a file or folder of a study is under way, from before, or can be made again."""
    return name.endswith(("-partial", "-before", "-finished", ".partial", ".lock")) or is_cache(
        name
    )


def renumber_attributes(attrs: Mapping[str, Any], numbers: Mapping[int, int]) -> dict[str, Any]:
    """Returns attributes of a study in which the dashboard means its trials by other numbers.

    Args:
        attrs: The attributes.
        numbers: The new number of each trial, by its old one; what is kept of others is left out.
    """
    found = {}
    for name, value in attrs.items():
        match = _OF_TRIAL.fullmatch(name)
        if match is None:
            found[name] = value
        elif int(match[2]) in numbers:
            found[f"{match[1]}{numbers[int(match[2])]}{match[3]}"] = value
    return found


def artifact_records(attrs: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Gives the attribute and the description of each artifact that was not deleted."""
    for name, text in attrs.items():
        if not name.startswith(ATTACHED):
            continue
        try:
            found = json.loads(text)
        except (TypeError, ValueError, RecursionError):
            continue
        if isinstance(found, dict) and isinstance(found.get("artifact_id"), str):
            yield name, found


def trial_identity(trial: FrozenTrial) -> str:
    """Returns what two trials share that are one, in whichever studies: point, seed and values."""
    provenance = read_trial_record(trial).provenance
    seed = None if provenance is None else provenance.seed
    return json.dumps([trial.params, seed, trial.values, trial.state.name], sort_keys=True)
