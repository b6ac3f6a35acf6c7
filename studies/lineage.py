"""Where a study on an encoder comes from, and whether that is still so."""

from pathlib import Path
from typing import Any

import optuna

from ..storage.checkpoint import file_hash, read_checkpoint
from ..storage.runs import Runs
from .recipe import Recipe


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


def origin_of(study: optuna.Study) -> dict[str, Any] | None:
    """Returns what `parent` gave when a study was made; None if it is on no encoder."""
    origin = study.user_attrs.get("parent")
    if not isinstance(origin, dict):  # what a study knows, others may have changed
        return None
    whole = all(isinstance(origin.get(name), str) for name in ("study", "checkpoint", "hash"))
    return {"trial": None, **origin} if whole else None


def is_stale(study: optuna.Study, runs: Runs) -> bool:
    """Whether the encoder that a study was put on is gone, or has been trained anew."""
    origin = origin_of(study)
    if origin is None:
        return False
    path = runs.root / origin["checkpoint"]
    return not path.exists() or file_hash(path) != origin["hash"]
