"""The verb `compress`: how many bytes codes take, and what is lost."""

from pathlib import Path
from typing import Any

import click

from ..study.defaults import SEED
from .shared_options import allow_option, data_dir_option, print_next_command, runs_option


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]|CKPT")
@click.option("--seed", default=SEED, help="Chooses the images that are drawn.")
@data_dir_option
@allow_option
@runs_option
def compress(study: str, runs: Path, **options: Any) -> None:
    """Weigh codes of 32, 16 and 8 bits against items.

    Example: latentune compress conv-ae-digits
    """
    from ...storage.runs_folder import Runs
    from ..use.compress import compress as run
    from .next_steps import next_network_command

    click.echo(run(study, runs=runs, **options))
    print_next_command(*next_network_command("compress", study, Runs(runs)))
