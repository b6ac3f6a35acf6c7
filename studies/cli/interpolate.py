"""The verb `interpolate`: what lies between two codes."""

from pathlib import Path

import click

from ..study.defaults import SEED
from .shared_options import (
    UsageError,
    allow_option,
    data_dir_option,
    print_next_command,
    runs_option,
)


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]|CKPT")
@click.option(
    "--images", metavar="I,J", help="Two validation images.  [default: random codes and images]"
)
@click.option("--seed", default=SEED, help="Chooses random codes and images.")
@data_dir_option
@allow_option
@runs_option
def interpolate(
    study: str, images: str | None, seed: int, data_dir: str | None, runs: Path
) -> None:
    """Draw what lies between two codes.

    Example: latentune interpolate conv-ae-digits --images 3,14
    """
    from ...storage.runs_folder import Runs
    from ..use.interpolate import interpolate as run
    from .next_steps import next_network_command

    pair = None if images is None else _parse_pair(images)
    folder = run(study, images=pair, seed=seed, data_dir=data_dir, runs=runs)
    for picture in sorted(folder.glob("*.png")):
        click.echo(f"wrote {picture}")
    print_next_command(*next_network_command("interpolate", study, Runs(runs)))


def _parse_pair(text: str) -> tuple[int, int]:
    first, comma, second = text.partition(",")
    if not (comma and first.isdecimal() and second.isdecimal()):
        raise UsageError(f"--images {text!r} is not two numbers such as 3,14")
    return int(first), int(second)
