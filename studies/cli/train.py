"""The verb `train`: a configuration to the end."""

from pathlib import Path
from typing import Any

import click

from ..defaults import ACCELERATOR, ACCELERATORS, FINAL_EPOCHS, PRECISION, PRECISIONS
from .common import allow_option, data_dir_option, runs_option, say_next, storage_option


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|TOML")
@click.option("--epochs", default=FINAL_EPOCHS, help="Epochs to train for.")
@click.option("--init-from", metavar="STUDY|CKPT", help="Begin with the weights of this network.")
@click.option("--accelerator", default=ACCELERATOR, help=f"Device: {', '.join(ACCELERATORS)}.")
@click.option("--precision", default=PRECISION, help=f"Bits: {', '.join(PRECISIONS)}.")
@data_dir_option
@allow_option
@runs_option
@storage_option
def train(source: str, runs: Path, storage: str | None, **options: Any) -> None:
    """Train a configuration to the end, and score it.

    Example: latentune train conv-ae-digits --epochs 50
    """
    from ..uses.train import train as run

    try:
        trained = run(source, runs=runs, storage=storage, **options)
    except KeyboardInterrupt:
        click.echo("stopped; what was trained before is still there")
        raise SystemExit(130) from None
    click.echo(str(trained))
    study, (kind, _, number) = trained.folder.parent.name, trained.folder.name.partition("-")
    network = f"{study}:{number}" if number else study
    if kind == "config":
        network = str(trained.folder / "model.ckpt")
    say_next(trained.use, study if trained.use == "status" else network, runs=runs)
