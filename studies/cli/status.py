"""The verb `status`: all studies, or every trial of one."""

from pathlib import Path

import click

from .next_command import next_study_command, print_next_command
from .shared_options import open_study_database, runs_option, storage_option


@click.command()
@click.argument("study", required=False)
@runs_option
@storage_option
def status(study: str | None, runs: Path, storage: str | None) -> None:
    """Show all studies, or every trial of one.

    Example: latentune status conv-ae-digits
    """
    import optuna

    from ...storage.resume_checkpoints import last_epochs
    from ...storage.runs_folder import Runs
    from ...storage.study_record import is_latentune_study, read_study_record
    from ..study.confirmed import describe_confirmed
    from ..study.lineage import describe_origins
    from ..study.misplaced_checkpoints import describe_misplaced_checkpoints
    from ..study.study_lookup import open_study
    from .study_tables import print_studies, print_trials

    database = open_study_database(runs, storage)
    if study is not None:
        found = open_study(database, study)
        for line in describe_origins(found):
            click.echo(line)
        if url := read_study_record(found).artifacts:
            click.echo(f"its pictures are in {url}")
        print_trials(found, Runs(runs))
        for line in [
            *describe_confirmed(found),
            *describe_misplaced_checkpoints(found, Runs(runs)),
        ]:
            click.echo(line)
        if (kept := last_epochs(Runs(runs), study)).count:
            click.echo(kept)
        print_next_command(*next_study_command(found))
        return
    names = optuna.get_all_study_names(database)
    studies = [optuna.load_study(study_name=name, storage=database) for name in names]
    print_studies(studies, Runs(runs))
    for line in (
        line for one in studies for line in describe_misplaced_checkpoints(one, Runs(runs))
    ):
        click.echo(line)
    if (kept := last_epochs(Runs(runs))).count:
        click.echo(kept)
    if ours := [study.study_name for study in studies if is_latentune_study(study)]:
        print_next_command("status", ours[-1])
