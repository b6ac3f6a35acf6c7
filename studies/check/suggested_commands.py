"""The commands to type: such as a search of a study's recipe again, with other ranges."""

import shlex
from collections.abc import Mapping
from typing import Any

import optuna

from ...models.networks.pretrained_backbone import ARCHITECTURES
from ...storage.redact import shown
from ...storage.runs_folder import Runs
from ..study.defaults import DEFAULT_SPACE, RUNS, SEED
from .checkup import Checkup

EXCLUDED_OPTIONS = ("model", "data", "models", "encoder_hash", "ranges")
USUAL = {"space": DEFAULT_SPACE, "seed": SEED}


def command(checkup: Checkup, *words: str) -> str:
    """Returns a command that looks where the doctor has looked."""
    place = [] if str(checkup.runs.root) == RUNS else ["--runs", str(checkup.runs.root)]
    place += [] if checkup.source == checkup.runs.database else ["--storage", checkup.source]
    return shlex.join(["latentune", *words, *map(shown, place)])


def search_from_command(
    study: optuna.Study, checkup: Checkup, ranges: Mapping[str, str], *more: str
) -> str:
    """Returns the command of a new study that takes over the trials of another.

    Args:
        study: That one, whose options are repeated.
        checkup: Where it lies.
        ranges: The new range of each parameter that is to have one.
        more: Further words.
    """
    return new_search_command(study, checkup, ranges, "--from", study.study_name, *more)


def new_search_command(
    study: optuna.Study, checkup: Checkup, ranges: Mapping[str, str], *more: str
) -> str:
    """Returns the command of a new study that takes over no trials.

    Args:
        study: The study, whose options are repeated.
        checkup: Where it lies.
        ranges: The new range of each parameter that is to have one.
        more: Further words.
    """
    recipe = study.user_attrs["recipe"]
    words = ["search", *(recipe[n] for n in ("model", "data") if n in recipe)]
    for name, value in recipe.items():
        if name not in EXCLUDED_OPTIONS and USUAL.get(name) != value:
            words += _option(
                name, _encoder_argument(value, checkup.runs) if name == "encoder" else value
            )
    for name, text in {**recipe.get("ranges", {}), **ranges}.items():
        words += ["--range", f"{name}={text}"]
    return command(checkup, *words, *more)


def _option(name: str, value: Any) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}", ",".join(value) if isinstance(value, list) else str(value)]


def _encoder_argument(encoder: str, runs: Runs) -> str:
    """Returns an encoder as a user names it, where a recipe has a path from the runs folder."""
    return encoder if encoder in ARCHITECTURES else str(runs.root / encoder)
