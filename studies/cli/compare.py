"""The verb `compare`: what a trained encoder is worth to a classifier."""

from pathlib import Path
from typing import Any

import click

from ..study.defaults import COMPARE_EPOCHS, COMPARE_REACH, COMPARE_SEEDS
from ..study.option_text import parse_label_counts
from ..study.search_options import ClusterOptions
from .declared_options import Parsed, options_from
from .messages import print_result
from .next_command import print_next_command
from .shared_options import (
    allow_option,
    data_dir_option,
    runs_option,
)


@click.command()
@click.argument("data")
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="STUDY|TOML|CKPT",
    help="Trained encoder to begin with; may be repeated.",
)
@click.option(
    "--labels",
    type=Parsed(parse_label_counts),
    default="100,1000,all",
    help="Numbers of labelled images.",
)
@click.option("--seeds", default=COMPARE_SEEDS, help="How often each classifier is trained.")
@click.option("--epochs", default=COMPARE_EPOCHS, help="Epochs of each training.")
@click.option("--reach", default=COMPARE_REACH, help="Accuracy whose first epoch is told.")
@options_from(cluster=ClusterOptions)
@data_dir_option
@allow_option
@runs_option
def compare(
    data: str,
    encoders: tuple[str, ...],
    labels: tuple[int | None, ...],
    reach: float,
    runs: Path,
    cluster: ClusterOptions,
    **options: Any,
) -> None:
    """Compare classifiers from scratch and from encoders.

    Example: latentune compare digits --encoder conv-ae-digits --labels 100,all
    """
    from ...storage.database import database_exists
    from ...storage.runs_folder import Runs
    from ..use.compare import compare as run

    def tell(start: str, labels: str, seed: int, accuracy: float) -> None:
        click.echo(f"{labels:>10} labels  seed {seed}  {start:<28} {accuracy:.4f}")

    try:
        report = run(
            data,
            encoders,
            labels=labels,
            reach=reach,
            runs=runs,
            on_result=tell,
            **vars(cluster),
            **options,
        )
    except KeyboardInterrupt:
        click.echo("stopped; what an earlier comparison wrote is still there")
        raise SystemExit(130) from None
    print_result(report)
    if database_exists(Runs(runs).database):  # else all encoders were files
        print_next_command("status")
