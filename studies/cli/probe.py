"""The verb `probe`: what codes say of classes when few items have a label."""

from pathlib import Path
from typing import Any

import click

from ..study.defaults import NEIGHBOURS, PROBE_LABELS, PROBE_SEEDS, SEED
from .shared_options import allow_option, data_dir_option, print_next_command, runs_option


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]|CKPT")
@click.option(
    "--labels",
    type=int,
    help=f"Training items that have a label.  [default: {PROBE_LABELS}, at most half]",
)
@click.option("--seeds", default=PROBE_SEEDS, help="How often they are drawn.")
@click.option("--neighbors", default=NEIGHBOURS, help="How many of the nearest are asked.")
@click.option("--seed", default=SEED, help="Seed of the first draw.")
@data_dir_option
@allow_option
@runs_option
def probe(study: str, runs: Path, **options: Any) -> None:
    """Ask codes for classes by a few labels, beside PCA.

    Example: latentune probe conv-ae-digits --labels 50
    """
    from ...storage.runs_folder import Runs
    from ..use.probe import probe as run
    from .next_steps import next_network_command

    click.echo(run(study, runs=runs, **options))
    print_next_command(*next_network_command("probe", study, Runs(runs)))
