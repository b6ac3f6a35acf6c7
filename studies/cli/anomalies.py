"""The verb `anomalies`."""

from pathlib import Path

import click

from ..display.result import Result
from ..study.defaults import ANOMALY_QUANTILE, SEED
from .network_command import network_command
from .shared_options import data_dir_option


@network_command
@click.option(
    "--against", required=True, metavar="DATA", help="The other items: a known data set or yours."
)
@click.option(
    "--quantile",
    default=ANOMALY_QUANTILE,
    help="Share of the validation part that is below the threshold.",
)
@click.option("--labeled", metavar="DATA", help="Known anomalies, for a second threshold.")
@click.option("--seed", default=SEED, help="Seed of the choice among known anomalies.")
@data_dir_option
def anomalies(
    source: str,
    against: str,
    quantile: float,
    labeled: str | None,
    seed: int,
    data_dir: str | None,
    runs: Path,
) -> Result:
    """Score other items by the error of their reconstructions.

    Example: latentune anomalies conv-ae-digits --against path/to/photos
    """
    from ..use.anomalies import anomalies

    return anomalies(
        source,
        against=against,
        quantile=quantile,
        labeled=labeled,
        seed=seed,
        data_dir=data_dir,
        runs=runs,
    )
