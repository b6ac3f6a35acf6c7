"""The verb `map`."""

from pathlib import Path

import click

from ..display.result import Result
from ..study.defaults import MAP_SIZE, SEED
from .network_command import network_command
from .shared_options import data_dir_option


@network_command
@click.option("--n", default=MAP_SIZE, help="Number of items on the map.")
@click.option(
    "--color",
    metavar="COLUMN|FILE.csv:COLUMN",
    help="What colors the points: a column of the data, or of a file that names the items.",
)
@click.option("--seed", default=SEED, help="Seed of the choice of items, and of t-SNE.")
@data_dir_option
def map_(
    source: str, n: int, color: str | None, seed: int, data_dir: str | None, runs: Path
) -> Result:
    """Plot latent codes on a plane by PCA, t-SNE and UMAP.

    Example: latentune map conv-ae-digits --n 1000

    The tables in the same folder name each item. A file with these names can color the items by
    one of its columns: latentune map conv-ae-photos --color hospitals.csv:hospital
    """
    from ..use.map import map

    return map(source, n=n, color=color, seed=seed, data_dir=data_dir, runs=runs)
