"""The origins of a study: the study of its encoder, studies of its trials, and an archive."""

from collections import Counter
from pathlib import Path
from typing import Any

import optuna

from ...storage.checkpoint_file import file_hash, read_checkpoint
from ...storage.runs_folder import Runs, StorageError
from .module_trust import IMPORT_ATTRIBUTE
from .recipe import Recipe

SOURCE_TRIAL_ATTRIBUTE = "origin"
"""The attribute of a study or a trial that names the one that it was copied from."""


def parent(recipe: Recipe, runs: Runs) -> dict[str, Any]:
    """Returns the study, trial, file and hash of a recipe's encoder."""
    assert recipe.encoder is not None
    configuration, _ = read_checkpoint(Path(recipe.encoder))
    return {
        "study": configuration["study"],
        "trial": configuration["trial"],
        "checkpoint": runs.inside(Path(recipe.encoder)),
        "hash": recipe.encoder_hash,
    }


def read_encoder_origin(study: optuna.Study) -> dict[str, Any] | None:
    """Returns what `parent` gave when the study was created; None without an encoder."""
    origin = study.user_attrs.get("parent")
    texts = ("study", "checkpoint", "hash")
    if not isinstance(origin, dict) or not all(isinstance(origin.get(t), str) for t in texts):
        return None
    return {"trial": None, **origin}


def is_stale(study: optuna.Study, runs: Runs) -> bool:
    """Returns True if the encoder of a study was deleted or trained anew since."""
    origin = read_encoder_origin(study)
    if origin is None:
        return False
    try:
        now = file_hash(runs.resolve(origin["checkpoint"]))
    except StorageError:
        return True
    return now != str(origin["hash"])


def describe_origins(study: optuna.Study) -> list[str]:
    """Returns a line for the archive and for each study that the trials of a study came from."""
    lines = []
    if IMPORT_ATTRIBUTE in study.user_attrs:
        imported = study.user_attrs[IMPORT_ATTRIBUTE]
        lines.append(f"imported on {imported['at'][:10]}, where it was called {imported['study']}")
    origins = Counter(
        trial.user_attrs[SOURCE_TRIAL_ATTRIBUTE]["study"]
        for trial in study.get_trials(deepcopy=False)
        if SOURCE_TRIAL_ATTRIBUTE in trial.user_attrs
    )
    return lines + [f"{n} of its trials came from {name}" for name, n in origins.items()]
