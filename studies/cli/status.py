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
    """Show all studies, or all trials of one.

    Example: latentune status conv-ae-digits
    """
    import optuna

    from ...storage.resume_checkpoints import last_epochs
    from ...storage.runs_folder import Runs
    from ...storage.study_record import is_latentune_study
    from ...storage.study_summary import Study
    from ..study.misplaced_checkpoints import describe_misplaced_checkpoints
    from ..study.study_lookup import open_study
    from .study_tables import print_studies, print_study

    database, folder = open_study_database(runs, storage), Runs(runs)
    if study is not None:
        studies = [open_study(database, study)]
        print_study(studies[0], folder)
        words = next_study_command(studies[0])
    else:
        names = optuna.get_all_study_names(database)
        studies = [Study(study_name=name, storage=database) for name in names]
        print_studies(studies, folder)
        ours = [one.study_name for one in studies if is_latentune_study(one)]
        words = ["status", ours[-1]] if ours else []
    for one in studies:
        for line in describe_misplaced_checkpoints(one, folder):
            click.echo(line)
    if (unfinished := last_epochs(folder, study)).count:
        click.echo(unfinished)
    print_next_command(*words)
