"""The verb `show`: what data were taken for, and what they look like."""

from pathlib import Path

import click

from ..defaults import SEED
from .common import data_dir_option, runs_option, say_next


@click.command()
@click.argument("data")
@click.option("--image-size", type=int, help="Side that images are scaled to.")
@click.option("--seed", default=SEED, help="Seed of the split, and of what is drawn.")
@data_dir_option
@runs_option
def show(data: str, image_size: int | None, seed: int, data_dir: str | None, runs: Path) -> None:
    """Show what data hold: parts, classes, and a grid of images with their labels.

    Example: latentune show digits
    """
    from ..console import show_counts
    from ..uses.show import show as run

    shown = run(data, image_size=image_size, seed=seed, data_dir=data_dir, runs=runs)
    show_counts(shown)
    for path in shown.pictures:
        click.echo(f"wrote {path}")
    fitting = "conv-ae" if shown.kind == "image" else "dense-ae"
    say_next("search", fitting, data, runs=runs)
