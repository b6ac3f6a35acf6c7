"""The verb `compress`."""

from pathlib import Path

import click

from ..display.result import Result
from ..study.defaults import SEED
from .network_command import network_command
from .shared_options import data_dir_option


@network_command
@click.option("--seed", default=SEED, help="Seed of the images that are plotted.")
@data_dir_option
def compress(source: str, seed: int, data_dir: str | None, runs: Path) -> Result:
    """Compare latent codes of 32, 16 and 8 bits with the items.

    Example: latentune compress conv-ae-digits
    """
    from ..use.compress import compress

    return compress(source, seed=seed, data_dir=data_dir, runs=runs)
