"""The verb `sample`: new items from the latent space."""

from pathlib import Path
from typing import Any

import click

from ..study.defaults import SAMPLE_SIZE, SAMPLING_METHODS, SEED
from .shared_options import allow_option, data_dir_option, print_next_command, runs_option


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|CKPT")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    help=f"{', '.join(SAMPLING_METHODS)}; may be repeated.  [default: all that fit]",
)
@click.option("--n", default=SAMPLE_SIZE, help="Number of codes to sample.")
@click.option("--seed", default=SEED, help="Seed of fits and samples.")
@data_dir_option
@allow_option
@runs_option
def sample(source: str, runs: Path, **options: Any) -> None:
    """Sample the latent space of a trained autoencoder.

    Example: latentune sample conv-ae-digits --method kde --n 1000
    """
    from ...storage.runs_folder import Runs
    from ..use.sample import sample as run
    from .next_steps import next_network_command
    from .study_tables import print_samples

    samples = run(source, runs=runs, **options)
    print_samples(samples)
    click.echo(f"wrote {samples.folder}")
    print_next_command(*next_network_command("sample", source, Runs(runs)))
