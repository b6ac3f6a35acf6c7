"""The commands that findings suggest, such as a new search with other ranges."""

import shlex
from collections.abc import Mapping

import optuna

from ...models.networks.architectures import ARCHITECTURES
from ...storage.redact import redact
from ...storage.study_record import read_study_record
from ..study.defaults import RUNS
from ..study.option_fields import options_of
from ..study.study_options import StudyOptions
from .checkup import Checkup


def command_line(checkup: Checkup, *words: str) -> str:
    """Returns a command with the runs folder and the database of a checkup."""
    place = [] if str(checkup.runs.root) == RUNS else ["--runs", str(checkup.runs.root)]
    place += [] if checkup.source == checkup.runs.database else ["--storage", checkup.source]
    return shlex.join(["latentune", *words, *map(redact, place)])


def search_command(
    study: optuna.Study, checkup: Checkup, ranges: Mapping[str, str], *more: str
) -> str:
    """Returns the command of a search with the options of a study and some new ranges."""
    recipe, options = read_study_record(study).recipe.to_table(), options_of(StudyOptions)
    words = ["search", *(recipe[name] for name in ("model", "data") if name in recipe)]
    if recipe.get("encoder", "") not in ("", *ARCHITECTURES):
        recipe["encoder"] = str(checkup.runs.root / recipe["encoder"])
    ranges = {**recipe.pop("ranges", {}), **ranges}
    for name, option in options.items():
        if recipe.get(name, option.default) != option.default:
            words += option.words(recipe[name])
    return command_line(checkup, *words, *options["ranges"].words(ranges), *more)
