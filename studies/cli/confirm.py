"""The verb `confirm`: the best trials on further seeds."""

from typing import Any

import click

from ..study.defaults import CONFIRM_SEEDS, CONFIRM_TOP
from .shared_options import (
    allow_option,
    cluster_options,
    data_dir_option,
    print_next_command,
    print_repeat_command,
    runs_option,
    storage_option,
)


@click.command()
@click.argument("study")
@click.option("--top", default=CONFIRM_TOP, help="How many of the best trials.")
@click.option("--seeds", default=CONFIRM_SEEDS, help="Seeds that each is trained on.")
@cluster_options
@data_dir_option
@allow_option
@runs_option
@storage_option
def confirm(study: str, **options: Any) -> None:
    """Train the best trials on further seeds: which is the best?

    The same command goes on if it was stopped, and more seeds add to those that are known.

    Example: latentune confirm conv-ae-digits --top 3
    """
    from ..check.confirm import confirm as run

    try:
        click.echo(str(run(study, **options)))
    except KeyboardInterrupt:
        click.echo("stopped; what was trained is kept")
        print_repeat_command()
        raise SystemExit(130) from None
    print_next_command("train", study)
