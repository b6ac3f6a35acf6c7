"""The verbs that use what a search has found: final training and sampling."""

from pathlib import Path
from typing import Any

import click

from ..defaults import (
    ACCELERATOR,
    ACCELERATORS,
    COMPARE_EPOCHS,
    COMPARE_SEEDS,
    FINAL_EPOCHS,
    MAPPED,
    PRECISION,
    PRECISIONS,
    SAMPLES,
    SAMPLING,
    SEED,
)
from .common import (
    UsageError,
    allow_option,
    data_dir_option,
    runs_option,
    say_next,
    storage_option,
)


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


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|CKPT")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    help=f"{', '.join(SAMPLING)}; may be repeated.  [default: all that fit]",
)
@click.option("--n", default=SAMPLES, help="Number of codes to sample.")
@click.option("--seed", default=SEED, help="Seed of fits and samples.")
@data_dir_option
@allow_option
@runs_option
def sample(source: str, runs: Path, **options: Any) -> None:
    """Sample the latent space of a trained autoencoder.

    Example: latentune sample conv-ae-digits --method kde --n 1000
    """
    from ..console import show_samples
    from ..uses.sample import sample as run

    samples = run(source, runs=runs, **options)
    show_samples(samples)
    click.echo(f"wrote {samples.folder}")
    say_next("dashboard", runs=runs)


@click.command("map")
@click.argument("study", metavar="STUDY[:TRIAL]|CKPT")
@click.option("--n", default=MAPPED, help="Number of codes on the map.")
@click.option("--seed", default=SEED, help="Chooses the codes, and where t-SNE begins.")
@data_dir_option
@allow_option
@runs_option
def map_(study: str, n: int, seed: int, data_dir: str | None, runs: Path) -> None:
    """Draw codes on a plane by PCA, t-SNE and UMAP.

    Example: latentune map conv-ae-digits --n 1000
    """
    from ..uses.maps import draw_maps

    folder = draw_maps(study, n=n, seed=seed, data_dir=data_dir, runs=runs)
    for picture in sorted(folder.glob("*.png")):
        click.echo(f"wrote {picture}")
    say_next(*_after_map(study, runs), runs=runs)


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]|CKPT")
@click.option(
    "--images", metavar="I,J", help="Two validation images.  [default: random codes and images]"
)
@click.option("--seed", default=SEED, help="Chooses random codes and images.")
@data_dir_option
@allow_option
@runs_option
def interpolate(
    study: str, images: str | None, seed: int, data_dir: str | None, runs: Path
) -> None:
    """Draw what lies between two codes.

    Example: latentune interpolate conv-ae-digits --images 3,14
    """
    from ..uses.interpolate import interpolate as run

    pair = None if images is None else _pair(images)
    folder = run(study, images=pair, seed=seed, data_dir=data_dir, runs=runs)
    for picture in sorted(folder.glob("*.png")):
        click.echo(f"wrote {picture}")
    say_next("sample", study, runs=runs)


@click.command()
@click.argument("data")
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="STUDY|TOML|CKPT",
    help="Trained encoder to begin with; may be repeated.",
)
@click.option("--labels", default="100,1000,all", help="Numbers of labelled images.")
@click.option("--seeds", default=COMPARE_SEEDS, help="How often each classifier is trained.")
@click.option("--epochs", default=COMPARE_EPOCHS, help="Epochs of each training.")
@data_dir_option
@allow_option
@runs_option
def compare(
    data: str,
    encoders: tuple[str, ...],
    labels: str,
    seeds: int,
    epochs: int,
    data_dir: str | None,
    runs: Path,
) -> None:
    """Compare classifiers from scratch and from encoders.

    Example: latentune compare digits --encoder conv-ae-digits --labels 100,all
    """
    from ..console import show_accuracies
    from ..uses.compare import compare as run

    def tell(start: str, labels: str, seed: int, accuracy: float) -> None:
        click.echo(f"{labels:>10} labels  seed {seed}  {start:<28} {accuracy:.4f}")

    try:
        folder, table = run(
            data,
            encoders,
            labels=[_count(word) for word in labels.split(",")],
            seeds=seeds,
            epochs=epochs,
            data_dir=data_dir,
            runs=runs,
            told=tell,
        )
    except KeyboardInterrupt:
        click.echo("stopped; what an earlier comparison wrote is still there")
        raise SystemExit(130) from None
    show_accuracies(table)
    click.echo(f"wrote {folder}")
    say_next("status", runs=runs)


def _after_map(study: str, runs: Path) -> list[str]:
    from ...models.autoencoder import Codec
    from ..results import load_model

    decodes = isinstance(load_model(study, runs), Codec)
    return ["interpolate", study] if decodes else ["dashboard"]


def _count(word: str) -> int | None:
    if word == "all":
        return None
    if not word.isdecimal():
        raise UsageError(f"--labels {word!r} is neither a number nor 'all'")
    return int(word)


def _pair(text: str) -> tuple[int, int]:
    first, comma, second = text.partition(",")
    if not (comma and first.isdecimal() and second.isdecimal()):
        raise UsageError(f"--images {text!r} is not two numbers such as 3,14")
    return int(first), int(second)
