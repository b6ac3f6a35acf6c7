"""The command that goes on from a study, in a new one of other ranges."""

import shlex
from collections.abc import Mapping
from typing import Any

import optuna

from ...models.networks.pretrained import ARCHITECTURES
from ...storage.runs import Runs
from ..defaults import RUNS, SEED, SPACE
from .case import Case

NOT_TYPED = ("model", "data", "models", "encoder_hash", "ranges")
USUAL = {"space": SPACE, "seed": SEED}


def search_again(study: optuna.Study, case: Case, ranges: Mapping[str, str], *more: str) -> str:
    """Returns the command of a search that goes on from a study, in a new one.

    Args:
        study: The study, whose options are repeated.
        case: Where it lies.
        ranges: The new range of each parameter that is to have one.
        more: Further words.
    """
    recipe = study.user_attrs["recipe"]
    words = ["latentune", "search", *(recipe[n] for n in ("model", "data") if n in recipe)]
    for name, value in recipe.items():
        if name not in NOT_TYPED and USUAL.get(name) != value:
            words += _option(name, _typed(value, case.runs) if name == "encoder" else value)
    for name, text in {**recipe.get("ranges", {}), **ranges}.items():
        words += ["--range", f"{name}={text}"]
    words += ["--from", study.study_name, *more]
    words += [] if str(case.runs.root) == RUNS else ["--runs", str(case.runs.root)]
    words += [] if case.source == case.runs.database else ["--storage", case.source]
    return shlex.join(words)


def _option(name: str, value: Any) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}", ",".join(value) if isinstance(value, list) else str(value)]


def _typed(encoder: str, runs: Runs) -> str:
    """Returns an encoder as a user names it, where a recipe has a path from the runs folder."""
    return encoder if encoder in ARCHITECTURES else str(runs.root / encoder)
