"""The verbs that use what a search has found: final training and sampling."""

import json
from typing import Annotated

import typer

from ..defaults import FINAL_EPOCHS, SAMPLES, SEED
from .common import (
    RUNS_PATH,
    DataDirOption,
    RunsOption,
    StorageOption,
    TrialArgument,
    say_next,
)


def train(
    source: Annotated[
        str, typer.Argument(metavar="STUDY", help="STUDY, STUDY:17, or a best.toml.")
    ],
    epochs: Annotated[int, typer.Option(help="Epochs to train for.")] = FINAL_EPOCHS,
    accelerator: Annotated[str, typer.Option(help="Device: auto, cpu, gpu.")] = "auto",
    data_dir: DataDirOption = None,
    runs: RunsOption = RUNS_PATH,
    storage: StorageOption = None,
) -> None:
    """Train a configuration to the end and score it once on the test part.

    Example: latentune train conv-ae-digits --epochs 50
    """
    from ..train import train as run
    from .console import EpochBar, show_values

    try:
        folder = run(
            source,
            epochs=epochs,
            accelerator=accelerator,
            data_dir=data_dir,
            runs=runs,
            storage=storage,
            callbacks=[EpochBar(source)],
        )
    except KeyboardInterrupt:
        typer.echo("stopped; what was trained before is still there")
        raise typer.Exit(130) from None
    metrics = json.loads((folder / "metrics.json").read_text())
    show_values({name: value for name, value in metrics.items() if not isinstance(value, dict)})
    typer.echo(f"wrote {folder}")
    trained = folder.parent.name + folder.name.removeprefix("final").replace("-", ":")
    say_next(f"latentune sample {trained}", runs)


def sample(
    study: TrialArgument,
    n: Annotated[int, typer.Option("--n", help="Number of codes to sample.")] = SAMPLES,
    seed: Annotated[int, typer.Option(help="Seed of bandwidth search and samples.")] = SEED,
    data_dir: DataDirOption = None,
    runs: RunsOption = RUNS_PATH,
) -> None:
    """Sample the latent space of a trained autoencoder by kernel density estimation.

    Example: latentune sample conv-ae-digits --n 1000
    """
    from ..sample import sample as run

    folder, densities = run(study, n=n, seed=seed, data_dir=data_dir, runs=runs)
    for name, density in densities.items():
        typer.echo(f"{name:<8} bandwidth {density.bandwidth:.3f} on {len(density.points):,} codes")
    typer.echo(f"wrote {folder}")
    say_next("latentune dashboard", runs)
