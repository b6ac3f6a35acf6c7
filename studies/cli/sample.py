"""The verb `sample`."""

from pathlib import Path

import click

from ..display.result import Result
from ..study.defaults import SAMPLE_SIZE, SAMPLING_METHODS, SEED
from .declared_options import Choice
from .network_command import network_command
from .shared_options import data_dir_option


@network_command
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=Choice(SAMPLING_METHODS),
    help="Distribution of latent codes; may be repeated.  [default: all that fit]",
)
@click.option("--n", default=SAMPLE_SIZE, help="Number of items to sample.")
@click.option("--seed", default=SEED, help="Seed of fits and samples.")
@data_dir_option
def sample(
    source: str,
    methods: tuple[str, ...],
    n: int,
    seed: int,
    data_dir: str | None,
    runs: Path,
) -> Result:
    """Sample new items from the latent space of a trained network.

    Example: latentune sample conv-ae-digits --method kde --n 1000
    """
    from ..use.sample import sample

    return sample(source, methods=methods, n=n, seed=seed, data_dir=data_dir, runs=runs)
