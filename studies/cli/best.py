"""The verb `best`."""

from pathlib import Path

import click

from .next_command import print_next_command
from .shared_options import open_study_database, runs_option, storage_option


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option("--prefer", metavar="OBJECTIVE|knee", help="Which trial of a Pareto front.")
@runs_option
@storage_option
def best(study: str, prefer: str | None, runs: Path, storage: str | None) -> None:
    """Print the configuration of a study's best trial.

    It is also written to best.toml. Of a trial that is named, such as trial 7, the configuration
    is printed and written to trial-7.toml.

    Example: latentune best conv-ae-digits
    """
    from ...storage.best_toml import write_best_toml
    from ...storage.runs_folder import Runs
    from ..study.confirmed import describe_confirmed
    from ..study.study_lookup import best_configuration, open_study, split_trial_number

    name, number = split_trial_number(study)
    opened = open_study(open_study_database(runs, storage), name)
    path = Runs(runs).best(name, number)
    write_best_toml(best_configuration(opened, number, prefer), path)
    click.echo(path.read_text(encoding="utf-8").rstrip())
    if number is None:
        for line in describe_confirmed(opened):
            click.echo(line)
    print_next_command("train", str(path))
