"""The verb `probe`."""

from pathlib import Path

import click

from ..display.result import Result
from ..study.defaults import PROBE_LABELS, PROBE_NEIGHBORS, PROBE_SEEDS, SEED
from .network_command import network_command
from .shared_options import data_dir_option


@network_command
@click.option(
    "--labels",
    type=int,
    help=f"Training items that have a label.  [default: {PROBE_LABELS}, at most half]",
)
@click.option("--seeds", default=PROBE_SEEDS, help="How often these items are chosen.")
@click.option(
    "--neighbors", default=PROBE_NEIGHBORS, help="Number of nearest neighbors that vote."
)
@click.option("--seed", default=SEED, help="Seed of the first choice.")
@data_dir_option
def probe(
    source: str,
    labels: int | None,
    seeds: int,
    neighbors: int,
    seed: int,
    data_dir: str | None,
    runs: Path,
) -> Result:
    """Classify latent codes by a few labels, and compare with PCA.

    Example: latentune probe conv-ae-digits --labels 50
    """
    from ..use.probe import probe

    return probe(
        source,
        labels=labels,
        seeds=seeds,
        neighbors=neighbors,
        seed=seed,
        data_dir=data_dir,
        runs=runs,
    )
