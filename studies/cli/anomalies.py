"""The verb `anomalies`: what a network draws badly is not what it has seen."""

from pathlib import Path
from typing import Any

import click

from ..study.defaults import ANOMALY_QUANTILE, SEED
from .shared_options import (
    allow_option,
    data_dir_option,
    print_next_command,
    runs_option,
    with_option_names,
)


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]|CKPT")
@click.option(
    "--against", required=True, metavar="DATA", help="The other items: data of the list or yours."
)
@click.option(
    "--quantile", default=ANOMALY_QUANTILE, help="Share of the validation part that is no anomaly."
)
@click.option("--labeled", metavar="DATA", help="Known anomalies, for a second threshold.")
@click.option("--seed", default=SEED, help="Chooses among known anomalies.")
@data_dir_option
@allow_option
@runs_option
def anomalies(study: str, runs: Path, **options: Any) -> None:
    """Score other items by how badly they are drawn again.

    Example: latentune anomalies conv-ae-digits --against path/to/photos
    """
    from ...storage.runs_folder import Runs
    from ..use.anomalies import anomalies as run
    from .next_steps import next_network_command

    found = run(study, runs=runs, **options)
    click.echo(with_option_names(str(found)))
    print_next_command(*next_network_command("anomalies", study, Runs(runs)))
    if found.unreadable:
        raise SystemExit(1)
