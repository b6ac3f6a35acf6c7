"""The verb `compress`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..study.defaults import SEED
from .network_command import network_command
from .shared_options import data_dir_option

if TYPE_CHECKING:
    from ..use.compress import CompressionReport


@network_command
@click.option("--seed", default=SEED, help="Seed of the images that are plotted.")
@data_dir_option
def compress(source: str, seed: int, data_dir: str | None, runs: Path) -> "CompressionReport":
    """Compare latent codes of 32, 16 and 8 bits with the items.

    Example: latentune compress conv-ae-digits
    """
    from ..use.compress import compress

    return compress(source, seed=seed, data_dir=data_dir, runs=runs)
