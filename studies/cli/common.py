"""Options that several verbs have, and the line that ends each of them."""

import shlex
from pathlib import Path

import click

from ..defaults import RUNS

RUNS_PATH = Path(RUNS)

runs_option = click.option(
    "--runs", type=click.Path(path_type=Path), default=RUNS_PATH, help="Folder of all studies."
)
storage_option = click.option(
    "--storage", metavar="URL", help="Optuna URL of another database, e.g. sqlite:///other.db."
)
data_dir_option = click.option(
    "--data-dir",
    metavar="FOLDER",
    help="Where torchvision data lies.  [default: $LATENTUNE_DATA]",
)


class UsageError(ValueError):
    """An option that is not of the form that it must have."""


def say_next(command: str, runs: Path = RUNS_PATH, storage: str | None = None) -> None:
    """Prints the command to type next, which looks in the same place as this one."""
    place = [] if runs == RUNS_PATH else ["--runs", str(runs)]
    place += [] if storage is None else ["--storage", storage]
    click.echo(f"next: {shlex.join([*command.split(), *place])}")
