"""The verb `best`: the best configuration of a study."""

from pathlib import Path

import click

from .common import open_runs, runs_option, say_next, storage_option


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option("--prefer", metavar="OBJECTIVE|knee", help="Which of the trials on a front.")
@runs_option
@storage_option
def best(study: str, prefer: str | None, runs: Path, storage: str | None) -> None:
    """Print a study's best configuration, or that of a trial.

    It is also written, to best.toml, or to trial-7.toml of trial 7.

    Example: latentune best conv-ae-digits
    """
    from ...storage.best import write_best
    from ...storage.runs import Runs
    from ..study.confirmed import standing
    from ..study.finding import best_of, open_study, split_source

    name, number = split_source(study)
    opened = open_study(open_runs(runs, storage), name)
    found = best_of(opened, number, prefer)
    path = Runs(runs).best(name, number)
    write_best(found, path)
    click.echo(path.read_text().rstrip())
    if number is None:
        for line in standing(opened):
            click.echo(line)
    say_next("train", str(path))
