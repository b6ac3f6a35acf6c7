"""The verb `compare`."""

from pathlib import Path

import click

from ..study.defaults import COMPARE_EPOCHS, COMPARE_REACH, COMPARE_SEEDS
from ..study.option_text import parse_label_counts
from ..study.search_options import ClusterOptions
from .declared_options import Parsed, options_from
from .interruption import report_interruption
from .messages import print_result
from .next_command import print_next_command
from .shared_options import allow_option, data_dir_option, runs_option


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
    help="Numbers of labeled images.",
)
@click.option("--seeds", default=COMPARE_SEEDS, help="Seeds that each classifier is trained on.")
@click.option("--epochs", default=COMPARE_EPOCHS, help="Epochs of each training.")
@click.option("--reach", default=COMPARE_REACH, help="Accuracy to reach; its epoch is reported.")
@options_from(cluster=ClusterOptions)
@data_dir_option
@allow_option
@runs_option
def compare(
    data: str,
    encoders: tuple[str, ...],
    labels: tuple[int | None, ...],
    seeds: int,
    epochs: int,
    reach: float,
    cluster: ClusterOptions,
    data_dir: str | None,
    runs: Path,
) -> None:
    """Compare classifiers trained from scratch and from encoders.

    Example: latentune compare digits --encoder conv-ae-digits --labels 100,all
    """
    from ...storage.database import database_exists
    from ...storage.runs_folder import Runs
    from ..use.compare import compare

    def print_accuracy(start: str, labels: str, seed: int, accuracy: float) -> None:
        click.echo(f"{labels:>10} labels  seed {seed}  {start:<28} {accuracy:.4f}")

    with report_interruption("the results of an earlier comparison are still there"):
        report = compare(
            data,
            encoders,
            labels=labels,
            seeds=seeds,
            epochs=epochs,
            reach=reach,
            **vars(cluster),
            data_dir=data_dir,
            runs=runs,
            on_result=print_accuracy,
        )
    print_result(report)
    if database_exists(Runs(runs).database):  # otherwise all encoders were files
        print_next_command("status")
