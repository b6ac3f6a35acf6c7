"""The commands that findings suggest, such as a new search with other ranges."""

import shlex
from collections.abc import Mapping
from typing import Any

import optuna

from ...models.networks.architectures import ARCHITECTURES
from ...storage.redact import shown
from ...storage.study_record import read_study_record
from ..study.defaults import DEFAULT_SPACE, RUNS, SEED
from .checkup import Checkup

EXCLUDED_OPTIONS = ("model", "data", "models", "encoder_hash", "ranges")
DEFAULTS = {"space": DEFAULT_SPACE, "seed": SEED}


def command_line(checkup: Checkup, *words: str) -> str:
    """Returns a command with the runs folder and the database of a checkup."""
    place = [] if str(checkup.runs.root) == RUNS else ["--runs", str(checkup.runs.root)]
    place += [] if checkup.source == checkup.runs.database else ["--storage", checkup.source]
    return shlex.join(["latentune", *words, *map(shown, place)])


def search_command(
    study: optuna.Study, checkup: Checkup, ranges: Mapping[str, str], *more: str
) -> str:
    """Returns the command of a search with the options of a study.

    Args:
        study: The study.
        checkup: The checkup of its database.
        ranges: The new range of each parameter that is to have one.
        more: Further words of the command.
    """
    recipe = read_study_record(study).recipe.to_table()
    words = ["search", *(recipe[n] for n in ("model", "data") if n in recipe)]
    for name, value in recipe.items():
        if name == "encoder" and value not in ARCHITECTURES:
            value = str(checkup.runs.root / value)
        if name not in EXCLUDED_OPTIONS and DEFAULTS.get(name) != value:
            words += _option(name, value)
    for name, text in {**recipe.get("ranges", {}), **ranges}.items():
        words += ["--range", f"{name}={text}"]
    return command_line(checkup, *words, *more)


def _option(name: str, value: Any) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}", ",".join(value) if isinstance(value, list) else str(value)]
