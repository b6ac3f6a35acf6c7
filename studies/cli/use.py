"""The verbs that use what a search has found: final training and sampling."""

import json
from pathlib import Path

import click

from ..defaults import COMPARE_EPOCHS, COMPARE_SEEDS, FINAL_EPOCHS, MAPPED, SAMPLES, SEED
from .common import UsageError, data_dir_option, runs_option, say_next, storage_option


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
    from ..uses.train import train as run
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
    classes = metrics.pop("class_accuracy", {})
    show_values({name: value for name, value in metrics.items() if not isinstance(value, dict)})
    show_values({f"class {name}": accuracy for name, accuracy in classes.items()})
    click.echo(f"wrote {folder}")
    trained = folder.parent.name + folder.name.removeprefix("final").replace("-", ":")
    say_next(f"latentune {'map' if classes else 'sample'} {trained}", runs)


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    help="prior, kde, pca-kde, gaussian, mixture; may be repeated.  [default: all that fit]",
)
@click.option("--n", default=SAMPLES, help="Number of codes to sample.")
@click.option("--seed", default=SEED, help="Seed of fits and samples.")
@data_dir_option
@runs_option
def sample(
    study: str, methods: tuple[str, ...], n: int, seed: int, data_dir: str | None, runs: Path
) -> None:
    """Sample the latent space of a trained autoencoder.

    Example: latentune sample conv-ae-digits --method kde --n 1000
    """
    from ..uses.sample import RECONSTRUCTED
    from ..uses.sample import sample as run
    from .console import show_qualities

    folder, densities, qualities = run(
        study, methods=methods, n=n, seed=seed, data_dir=data_dir, runs=runs
    )
    show_qualities(densities, qualities)
    rated = [name for name in qualities if name != RECONSTRUCTED]
    if len(rated) > 1:
        winner = min(rated, key=lambda name: qualities[name].fid)
        click.echo(f"{winner} wins by FID")
    click.echo(f"wrote {folder}")
    say_next("latentune dashboard", runs)


@click.command("map")
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option("--n", default=MAPPED, help="Number of codes on the map.")
@click.option("--seed", default=SEED, help="Chooses the codes, and where t-SNE begins.")
@data_dir_option
@runs_option
def map_(study: str, n: int, seed: int, data_dir: str | None, runs: Path) -> None:
    """Draw codes on a plane by PCA, t-SNE and UMAP.

    Example: latentune map conv-ae-digits --n 1000
    """
    from ..uses.maps import draw_maps

    folder = draw_maps(study, n=n, seed=seed, data_dir=data_dir, runs=runs)
    for picture in sorted(folder.glob("*.png")):
        click.echo(f"wrote {picture}")
    say_next(f"latentune interpolate {study}", runs)


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option(
    "--images", metavar="I,J", help="Two validation images.  [default: random codes and images]"
)
@click.option("--seed", default=SEED, help="Chooses random codes and images.")
@data_dir_option
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
    say_next(f"latentune sample {study}", runs)


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
    from ..uses.compare import compare as run
    from .console import show_accuracies

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
    say_next("latentune status", runs)


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
