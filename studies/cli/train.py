"""The verb `train`."""

from pathlib import Path

import click

from ..study.search_options import ClusterOptions
from ..study.training_options import TrainingOptions
from .declared_options import options_from
from .messages import print_result, with_flags
from .next_command import print_next_command, print_repeat_command
from .shared_options import allow_option, data_dir_option, runs_option, storage_option


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|TOML")
@options_from(training=TrainingOptions, cluster=ClusterOptions)
@data_dir_option
@allow_option
@runs_option
@storage_option
def train(
    source: str,
    training: TrainingOptions,
    cluster: ClusterOptions,
    data_dir: str | None,
    runs: Path,
    storage: str | None,
) -> None:
    """Train a configuration and score its best epoch once.

    Example: latentune train conv-ae-digits --epochs 50
    """
    from ...storage.runs_folder import Runs
    from ..training.train import train as run
    from .next_steps import next_network_command

    try:
        trained = run(
            source,
            **vars(training),
            **vars(cluster),
            data_dir=data_dir,
            runs=runs,
            storage=storage,
        )
    except KeyboardInterrupt as stopped:
        click.echo("stopped; the previous training is still there")
        if str(stopped):
            click.echo(with_flags(str(stopped)))
            print_repeat_command("--anew")
        raise SystemExit(130) from None
    print_result(trained)
    study, (kind, _, number) = trained.folder.parent.name, trained.folder.name.partition("-")
    network = f"{study}:{number}" if number else study
    if kind == "config":
        network = str(trained.folder / "model.ckpt")
    print_next_command(*next_network_command("train", network, Runs(runs)))
