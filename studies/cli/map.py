"""The verb `map`: codes on a plane."""

from pathlib import Path

import click

from ..study.defaults import MAP_SIZE, SEED
from .shared_options import allow_option, data_dir_option, print_next_command, runs_option


@click.command("map")
@click.argument("study", metavar="STUDY[:TRIAL]|CKPT")
@click.option("--n", default=MAP_SIZE, help="Number of codes on the map.")
@click.option(
    "--color",
    metavar="COLUMN|FILE.csv:COLUMN",
    help="What colors the codes: a column of the data, or of a file that names the items.",
)
@click.option("--seed", default=SEED, help="Chooses the codes, and where t-SNE begins.")
@data_dir_option
@allow_option
@runs_option
def map_(
    study: str, n: int, color: str | None, seed: int, data_dir: str | None, runs: Path
) -> None:
    """Draw codes on a plane by PCA, t-SNE and UMAP.

    Example: latentune map conv-ae-digits --n 1000

    The tables beside the pictures name each item. A file with such names colors them by a column
    of its own: latentune map conv-ae-photos --color hospitals.csv:hospital
    """
    from ...storage.runs_folder import Runs
    from ..use.map import map
    from .next_steps import next_network_command

    folder = map(study, n=n, color=color, seed=seed, data_dir=data_dir, runs=runs)
    for picture in sorted(folder.glob("*.png")):
        click.echo(f"wrote {picture}")
    print_next_command(*next_network_command("map", study, Runs(runs)))
