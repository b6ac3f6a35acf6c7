"""Where a study comes from: its encoder, and whether that is still so; its trials; a zip."""

from collections import Counter
from pathlib import Path
from typing import Any

import optuna

from ...storage.checkpoint_file import file_hash, read_checkpoint
from ...storage.runs_folder import Runs, StorageError
from .module_trust import IMPORT_ATTRIBUTE
from .recipe import Recipe

SOURCE_TRIAL_ATTRIBUTE = "origin"
"""The attribute that says of a study or a trial which one it comes from."""


def parent(recipe: Recipe, runs: Runs) -> dict[str, Any]:
    """Returns where the encoder of a study comes from: its study, trial, file and hash."""
    assert recipe.encoder is not None
    configuration, _ = read_checkpoint(Path(recipe.encoder))
    return {
        "study": configuration["study"],
        "trial": configuration["trial"],
        "checkpoint": runs.inside(Path(recipe.encoder)),
        "hash": recipe.encoder_hash,
    }


def read_encoder_origin(study: optuna.Study) -> dict[str, Any] | None:
    """Returns what `parent` gave when a study was made; None if it is on no encoder."""
    origin = study.user_attrs.get("parent")
    texts = ("study", "checkpoint", "hash")
    if not isinstance(origin, dict) or not all(isinstance(origin.get(t), str) for t in texts):
        return None
    return {"trial": None, **origin}


def is_stale(study: optuna.Study, runs: Runs) -> bool:
    """Whether the encoder that a study was put on is gone, or has been trained anew."""
    origin = read_encoder_origin(study)
    if origin is None:
        return False
    try:
        now = file_hash(runs.resolve(origin["checkpoint"]))
    except StorageError:
        return True
    return now != str(origin["hash"])


def describe_origins(study: optuna.Study) -> list[str]:
    """Returns what is to be said of a study that was not, or not wholly, searched here."""
    said = []
    if IMPORT_ATTRIBUTE in study.user_attrs:
        imported = study.user_attrs[IMPORT_ATTRIBUTE]
        said.append(f"imported on {imported['at'][:10]}, where it was called {imported['study']}")
    origins = Counter(
        trial.user_attrs[SOURCE_TRIAL_ATTRIBUTE]["study"]
        for trial in study.get_trials(deepcopy=False)
        if SOURCE_TRIAL_ATTRIBUTE in trial.user_attrs
    )
    return said + [f"{n} of its trials came from {name}" for name, n in origins.items()]
