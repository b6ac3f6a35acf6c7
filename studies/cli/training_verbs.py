"""The verbs that train networks: `train`, `confirm` and `compare`."""

from pathlib import Path
from typing import Any

import click

from ..study.defaults import (
    COMPARE_EPOCHS,
    COMPARE_REACH,
    COMPARE_SEEDS,
    CONFIRM_SEEDS,
    CONFIRM_TOP,
)
from ..study.option_text import parse_label_counts
from ..study.search_options import ClusterOptions
from ..study.training_options import TrainingOptions
from .messages import print_result
from .next_command import print_next_command, report_interruption
from .verb_options import (
    Decorator,
    Parsed,
    allow_option,
    data_dir_option,
    declare_options,
    runs_option,
    storage_option,
)


def options_of_trainings(*records: type) -> Decorator:
    """Returns a decorator that gives a verb the options of `records`, clusters, data and folders.

    The records are dataclasses whose fields declare options.
    """

    def decorate(command: Any) -> Any:
        command = data_dir_option(allow_option(runs_option(command)))
        return declare_options(*records, ClusterOptions)(command)

    return decorate


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|TOML")
@options_of_trainings(TrainingOptions)
@storage_option
def train(source: str, runs: Path, **options: Any) -> None:
    """Train a configuration and score its best epoch once.

    Example: latentune train conv-ae-digits --epochs 50
    """
    from ...storage.runs_folder import Runs
    from ..study.study_lookup import find_configuration

    find_configuration(source, Runs(runs), options["storage"])  # a wrong name is refused at once
    from ..training.train import train
    from .next_steps import next_network_command

    with report_interruption("the previous training is still there"):
        trained = train(source, runs=runs, **options)
    print_result(trained)
    study, (kind, _, number) = trained.folder.parent.name, trained.folder.name.partition("-")
    network = f"{study}:{number}" if number else study
    if kind == "config":
        network = str(trained.folder / "model.ckpt")
    print_next_command(*next_network_command("train", network, Runs(runs)))


@click.command()
@click.argument("study")
@click.option("--top", default=CONFIRM_TOP, help="Number of the best trials.")
@click.option("--seeds", default=CONFIRM_SEEDS, help="Seeds that each is trained on.")
@options_of_trainings()
@storage_option
def confirm(study: str, runs: Path, storage: str | None, **options: Any) -> None:
    """Train the best trials on further seeds to find the best one.

    The same command continues if it was stopped, and more seeds add to those that are known.

    Example: latentune confirm conv-ae-digits --top 3
    """
    from ...storage.runs_folder import Runs
    from ..study.study_lookup import open_study

    open_study(storage or Runs(runs).database, study)  # a wrong name is refused at once
    from ..check.confirm import confirm

    with report_interruption("finished trainings are kept", repeat=True):
        confirmation = confirm(study, runs=runs, storage=storage, **options)
    print_result(confirmation)
    print_next_command("train", study)


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
@options_of_trainings()
def compare(runs: Path, **options: Any) -> None:
    """Compare classifiers trained from scratch and from encoders.

    Example: latentune compare digits --encoder conv-ae-digits --labels 100,all
    """
    from ...objectives.data.sources.source import check_exists
    from ...storage.database import database_exists
    from ...storage.runs_folder import Runs

    check_exists(options["data"])
    from ..use.compare import compare

    def print_accuracy(start: str, labels: str, seed: int, accuracy: float) -> None:
        click.echo(f"{labels:>10} labels  seed {seed}  {start:<28} {accuracy:.4f}")

    with report_interruption("the results of an earlier comparison are still there"):
        report = compare(runs=runs, on_result=print_accuracy, **options)
    print_result(report)
    if database_exists(Runs(runs).database):  # otherwise all encoders were files
        print_next_command("status")
