"""The verbs that use what a search has found: final training and sampling."""

import json
from pathlib import Path

import click

from ..defaults import FINAL_EPOCHS, SAMPLES, SEED
from .common import data_dir_option, runs_option, say_next, storage_option


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|TOML")
@click.option("--epochs", default=FINAL_EPOCHS, help="Epochs to train for.")
@click.option("--init-from", metavar="STUDY|CKPT", help="Begin with the weights of this network.")
@click.option("--accelerator", default="auto", help="Device: auto, cpu, gpu.")
@data_dir_option
@runs_option
@storage_option
def train(
    source: str,
    epochs: int,
    init_from: str | None,
    accelerator: str,
    data_dir: str | None,
    runs: Path,
    storage: str | None,
) -> None:
    """Train a configuration to the end, and score it.

    Example: latentune train conv-ae-digits --epochs 50
    """
    from ..train import train as run
    from .console import EpochBar, show_values

    try:
        folder = run(
            source,
            epochs=epochs,
            init_from=init_from,
            accelerator=accelerator,
            data_dir=data_dir,
            runs=runs,
            storage=storage,
            callbacks=[EpochBar(source)],
        )
    except KeyboardInterrupt:
        click.echo("stopped; what was trained before is still there")
        raise SystemExit(130) from None
    metrics = json.loads((folder / "metrics.json").read_text())
    show_values({name: value for name, value in metrics.items() if not isinstance(value, dict)})
    click.echo(f"wrote {folder}")
    trained = folder.parent.name + folder.name.removeprefix("final").replace("-", ":")
    say_next(f"latentune sample {trained}", runs)


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option("--n", default=SAMPLES, help="Number of codes to sample.")
@click.option("--seed", default=SEED, help="Seed of bandwidth search and samples.")
@data_dir_option
@runs_option
def sample(study: str, n: int, seed: int, data_dir: str | None, runs: Path) -> None:
    """Sample the latent space of a trained autoencoder.

    Example: latentune sample conv-ae-digits --n 1000
    """
    from ..sample import sample as run

    folder, densities = run(study, n=n, seed=seed, data_dir=data_dir, runs=runs)
    for name, density in densities.items():
        click.echo(f"{name:<8} bandwidth {density.bandwidth:.3f} on {len(density.points):,} codes")
    click.echo(f"wrote {folder}")
    say_next("latentune dashboard", runs)
