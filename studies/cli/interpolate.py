"""The verb `interpolate`."""

from pathlib import Path

import click

from ..display.result import Result
from ..study.defaults import SEED
from ..study.option_text import parse_pair
from .declared_options import Parsed
from .network_command import network_command
from .shared_options import data_dir_option


@network_command
@click.option(
    "--images",
    type=Parsed(parse_pair),
    metavar="I,J",
    help="Two validation images.  [default: random latent codes and images]",
)
@click.option("--seed", default=SEED, help="Seed of random latent codes and images.")
@data_dir_option
def interpolate(
    source: str, images: tuple[int, int] | None, seed: int, data_dir: str | None, runs: Path
) -> Result:
    """Decode the latent codes on the way from one item to another.

    Example: latentune interpolate conv-ae-digits --images 3,14
    """
    from ..use.interpolate import interpolate

    return interpolate(source, images=images, seed=seed, data_dir=data_dir, runs=runs)
