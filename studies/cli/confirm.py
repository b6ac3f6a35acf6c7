"""The verb `confirm`."""

from pathlib import Path

import click

from ..study.defaults import CONFIRM_SEEDS, CONFIRM_TOP
from ..study.search_options import ClusterOptions
from .declared_options import options_from
from .interruption import report_interruption
from .messages import print_result
from .next_command import print_next_command
from .shared_options import allow_option, data_dir_option, runs_option, storage_option


@click.command()
@click.argument("study")
@click.option("--top", default=CONFIRM_TOP, help="Number of the best trials.")
@click.option("--seeds", default=CONFIRM_SEEDS, help="Seeds that each is trained on.")
@options_from(cluster=ClusterOptions)
@data_dir_option
@allow_option
@runs_option
@storage_option
def confirm(
    study: str,
    top: int,
    seeds: int,
    cluster: ClusterOptions,
    data_dir: str | None,
    runs: Path,
    storage: str | None,
) -> None:
    """Train the best trials on further seeds to find the best one.

    The same command continues if it was stopped, and more seeds add to those that are known.

    Example: latentune confirm conv-ae-digits --top 3
    """
    from ..check.confirm import confirm

    with report_interruption("finished trainings are kept", repeat=True):
        confirmation = confirm(
            study,
            top=top,
            seeds=seeds,
            **vars(cluster),
            data_dir=data_dir,
            runs=runs,
            storage=storage,
        )
    print_result(confirmation)
    print_next_command("train", study)
