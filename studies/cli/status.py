"""The verb `status`: all studies, or every trial of one."""

from pathlib import Path

import click

from .common import open_runs, runs_option, say_next, storage_option


@click.command()
@click.argument("study", required=False)
@runs_option
@storage_option
def status(study: str | None, runs: Path, storage: str | None) -> None:
    """Show all studies, or every trial of one.

    Example: latentune status conv-ae-digits
    """
    import optuna

    from ...storage.artifacts import BUCKET
    from ...storage.last_epochs import last_epochs
    from ...storage.runs import Runs
    from ..search.search_lines import show_studies, show_trials
    from ..study.checkpoint_place import misplaced_checkpoints
    from ..study.confirmed import standing
    from ..study.finding import open_study
    from ..study.lineage import came_from
    from .next_steps import next_of_study

    database = open_runs(runs, storage)
    if study is not None:
        found = open_study(database, study)
        for line in came_from(found):
            click.echo(line)
        if url := found.user_attrs.get(BUCKET):
            click.echo(f"its pictures are in {url}")
        show_trials(found, Runs(runs))
        for line in [*standing(found), *misplaced_checkpoints(found, Runs(runs))]:
            click.echo(line)
        if (kept := last_epochs(Runs(runs), study)).count:
            click.echo(kept)
        say_next(*next_of_study(found))
        return
    names = optuna.get_all_study_names(database)
    studies = [optuna.load_study(study_name=name, storage=database) for name in names]
    show_studies(studies, Runs(runs))
    for line in (line for one in studies for line in misplaced_checkpoints(one, Runs(runs))):
        click.echo(line)
    if (kept := last_epochs(Runs(runs))).count:
        click.echo(kept)
    if ours := [study.study_name for study in studies if "definition" in study.user_attrs]:
        say_next("status", ours[-1])
