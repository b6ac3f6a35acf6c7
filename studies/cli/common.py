"""Options that several verbs have, and the line that ends each of them."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ..defaults import RUNS

RunsOption = Annotated[Path, typer.Option("--runs", help="Folder that holds all studies.")]
StorageOption = Annotated[
    str | None, typer.Option(help="Optuna URL of another database, e.g. sqlite:///other.db.")
]
DataDirOption = Annotated[
    str | None, typer.Option(help="Where torchvision data lies.  [default: $LATENTUNE_DATA]")
]
TrialArgument = Annotated[
    str, typer.Argument(metavar="STUDY", help="STUDY for its best trial, or e.g. STUDY:17.")
]
RUNS_PATH = Path(RUNS)


class UsageError(ValueError):
    """An option that is not of the form that it must have."""


def say_next(command: str, runs: Path = RUNS_PATH, storage: str | None = None) -> None:
    """Prints the command to type next, which looks in the same place as this one."""
    place = [] if runs == RUNS_PATH else ["--runs", str(runs)]
    place += [] if storage is None else ["--storage", storage]
    typer.echo(f"next: {shlex.join([*command.split(), *place])}")
