"""The verb `train`: a configuration to the end."""

from pathlib import Path
from typing import Any

import click

from ..study.defaults import (
    ACCELERATOR,
    ACCELERATORS,
    DEFAULT_PICTURES,
    FINAL_EPOCHS,
    LOGGER,
    LOGGERS,
    PICTURES,
    PRECISION,
    PRECISIONS,
)
from .shared_options import (
    allow_option,
    cluster_options,
    data_dir_option,
    print_next_command,
    print_repeat_command,
    runs_option,
    storage_option,
    with_option_names,
)


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|TOML")
@click.option("--epochs", default=FINAL_EPOCHS, help="Epochs to train for.")
@click.option("--seeds", default=1, help="Seeds to train on, for the spread of the scores.")
@click.option(
    "--resume/--anew",
    default=None,
    help="Go on with a stopped training or fail; begin anew.  [default: go on with the same]",
)
@click.option("--init-from", metavar="STUDY|CKPT", help="Begin with the weights of this network.")
@click.option("--accelerator", default=ACCELERATOR, help=f"Device: {', '.join(ACCELERATORS)}.")
@click.option("--precision", default=PRECISION, help=f"Bits: {', '.join(PRECISIONS)}.")
@click.option("--deterministic", is_flag=True, help="Get the same numbers each time.")
@click.option(
    "--pictures", default=DEFAULT_PICTURES, help=f"Epochs to draw: {', '.join(PICTURES)}."
)
@click.option("--logger", default=LOGGER, help=f"Where to log: {', '.join(LOGGERS)}.")
@cluster_options
@data_dir_option
@allow_option
@runs_option
@storage_option
def train(source: str, runs: Path, storage: str | None, **options: Any) -> None:
    """Train a configuration to the end, and score it.

    Example: latentune train conv-ae-digits --epochs 50
    """
    from ...storage.runs_folder import Runs
    from ..training.train import train as run
    from .next_steps import next_network_command

    try:
        trained = run(source, runs=runs, storage=storage, **options)
    except KeyboardInterrupt as stopped:
        click.echo("stopped; what was trained before is still there")
        if str(stopped):
            click.echo(with_option_names(str(stopped)))
            print_repeat_command("--anew")
        raise SystemExit(130) from None
    click.echo(str(trained))
    study, (kind, _, number) = trained.folder.parent.name, trained.folder.name.partition("-")
    network = f"{study}:{number}" if number else study
    if kind == "config":
        network = str(trained.folder / "model.ckpt")
    print_next_command(*next_network_command("train", network, Runs(runs)))
