"""Options that several verbs share, and a function that opens the database they name."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..study.search_options import Place
from ..study.study_options import StudyOptions
from .declared_options import option_of

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

runs_option = option_of(Place, "runs")
storage_option = option_of(Place, "storage")
data_dir_option = option_of(StudyOptions, "data_dir")
inputs_argument = click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")


def _allow(ctx: click.Context, param: click.Parameter, models: tuple[str, ...]) -> None:
    if models:
        from ..study.module_trust import allow

        allow(*models)
        ctx.meta["allow"] = models


allow_option = click.option(
    "--allow",
    multiple=True,
    metavar="MODULE:SPEC",
    callback=_allow,
    expose_value=False,
    help="Let a file that is read import this module.",
)


def open_study_database(runs: Path, storage: str | None) -> "BaseStorage":
    """Opens the database `storage`; that of the runs folder if it is None."""
    from ...storage.database import open_database
    from ...storage.runs_folder import Runs

    return open_database(storage or Runs(runs).database)
