"""The verb `show`: what data were taken for, what they look like, and how they may be split."""

from pathlib import Path
from typing import Any

import click

from ..study.defaults import SEED
from .shared_options import (
    UsageError,
    data_dir_option,
    print_next_command,
    runs_option,
    table_options,
)


@click.command()
@click.argument("data")
@click.option("--image-size", type=int, help="Side that images are scaled to.")
@click.option("--seed", default=SEED, help="Seed of the split, and of what is drawn.")
@click.option(
    "--split",
    metavar="A/B/C",
    help="Split a folder of images: per cent to train, validate and test.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the split's lists."
)
@table_options
@data_dir_option
@runs_option
def show(
    data: str,
    image_size: int | None,
    seed: int,
    split: str | None,
    out: Path | None,
    data_dir: str | None,
    runs: Path,
    **table: Any,
) -> None:
    """Show what data hold: parts, classes, and a grid of images.

    Example: latentune show digits
    """
    from ..use.show import show as run
    from .study_tables import print_counts

    shown = run(
        data,
        image_size=image_size,
        seed=seed,
        data_dir=data_dir,
        runs=runs,
        split=None if split is None else _parse_shares(split),
        out=out,
        **table,
    )
    print_counts(shown)
    for path in (*shown.lists, *shown.pictures):
        click.echo(f"wrote {path}")
    place = data if out is None else str(out)
    place = f"./{place}" if place.startswith("-") else place
    if shown.candidates:
        print_next_command("show", place, "--target", shown.candidates[0], also=("seed",))
    elif shown.searchable:
        print_next_command("search", place, also=("seed",))
    else:
        print_next_command("list")


def _parse_shares(text: str) -> tuple[float, ...]:
    try:
        first, second, third = map(float, text.split("/"))
    except ValueError:
        raise UsageError(f"--split {text!r} is not three numbers such as 60/10/30") from None
    return first, second, third
