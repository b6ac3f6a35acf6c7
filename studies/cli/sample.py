"""The verb `sample`: new items from the latent space."""

from pathlib import Path
from typing import Any

import click

from ..study.defaults import SAMPLES, SAMPLING, SEED
from .common import allow_option, data_dir_option, runs_option, say_next


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|CKPT")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    help=f"{', '.join(SAMPLING)}; may be repeated.  [default: all that fit]",
)
@click.option("--n", default=SAMPLES, help="Number of codes to sample.")
@click.option("--seed", default=SEED, help="Seed of fits and samples.")
@data_dir_option
@allow_option
@runs_option
def sample(source: str, runs: Path, **options: Any) -> None:
    """Sample the latent space of a trained autoencoder.

    Example: latentune sample conv-ae-digits --method kde --n 1000
    """
    from ...storage.runs import Runs
    from ..search.search_lines import show_samples
    from ..use.sample import sample as run
    from .next_steps import next_of_network

    samples = run(source, runs=runs, **options)
    show_samples(samples)
    click.echo(f"wrote {samples.folder}")
    say_next(*next_of_network("sample", source, Runs(runs)))
