"""The verb `show`."""

from pathlib import Path

import click

from ...objectives.data.sources.table_options import TABLE_OPTIONS
from ..study.option_text import parse_shares
from ..study.study_options import StudyOptions
from .declared_options import Parsed, options_from
from .messages import print_result
from .next_command import print_next_command
from .shared_options import runs_option

SHOWN_OPTIONS = ("image_size", "seed", "data_dir", *TABLE_OPTIONS)


@click.command()
@click.argument("data")
@options_from(options=StudyOptions, only=SHOWN_OPTIONS)
@click.option(
    "--split",
    type=Parsed(parse_shares),
    metavar="A/B/C",
    help="Split a folder of images: per cent to train, validate and test.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the split's lists."
)
@runs_option
def show(
    data: str,
    options: StudyOptions,
    split: tuple[float, float, float] | None,
    out: Path | None,
    runs: Path,
) -> None:
    """Show what data hold: parts, classes, and a grid of images.

    Example: latentune show digits
    """
    from ..use.show import show

    chosen = {name: getattr(options, name) for name in SHOWN_OPTIONS}
    summary = show(data, runs=runs, split=split, out=out, **chosen)
    print_result(summary)
    place = data if out is None else str(out)
    place = f"./{place}" if place.startswith("-") else place
    if summary.candidates:
        words = ["show", place, "--target", summary.candidates[0]]
    else:
        words = ["search", place] if summary.searchable else ["list"]
    print_next_command(*words, also=("seed",))
