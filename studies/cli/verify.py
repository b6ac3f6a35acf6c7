"""The verb `verify`: trials run again, and compared with their record."""

from typing import TYPE_CHECKING, Any

import click

from ..study.defaults import SEED
from .shared_options import (
    allow_option,
    data_dir_option,
    open_study_database,
    print_next_command,
    runs_option,
    storage_option,
)

if TYPE_CHECKING:
    import optuna


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option("--trials", type=int, help="Verify so many trials, drawn at random.")
@click.option("--seed", default=SEED, help="What they are drawn by.")
@data_dir_option
@allow_option
@runs_option
@storage_option
def verify(study: str, trials: int | None, seed: int, **options: Any) -> None:
    """Run a trial again, and see whether it is what it was.

    The exit code is 1 if it is not.

    Example: latentune verify conv-ae-digits:3
    """
    from ..check.verify import verify as run
    from ..check.verify import verify_some
    from ..study.study_lookup import open_study

    name = study.partition(":")[0]
    if trials is None:
        found = [run(study, **options)]
        click.echo(str(found[0]))
    else:
        found = []
        for verified in verify_some(study, trials, seed=seed, **options):
            found.append(verified)
            click.echo(verified.line)
        same = sum(verified.reproduced for verified in found)
        click.echo(f"{same} of {len(found)} reproduced to the last bit")
        for line in dict.fromkeys(line for verified in found for line in verified.why):
            click.echo(f"  {line}")
    reproduced = all(verified.reproduced for verified in found)
    opened = open_study(open_study_database(options["runs"], options["storage"]), name)
    print_next_command(*(_next_words(opened, study) if reproduced else ["status", name]))
    raise SystemExit(not reproduced)


def _next_words(opened: "optuna.Study", study: str) -> list[str]:
    """Returns what goes on with what was verified: a trial that has a value can be trained."""
    from ..study.study_error import StudyError
    from ..study.study_lookup import best_configuration, split_trial_number
    from .next_steps import next_study_command

    number = split_trial_number(study)[1]
    try:
        best_configuration(opened, number)
    except StudyError:
        return next_study_command(opened)
    return ["train", study]
