"""The verb `verify`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..study.defaults import SEED
from .next_command import next_study_command, print_next_command
from .shared_options import (
    allow_option,
    data_dir_option,
    open_study_database,
    runs_option,
    storage_option,
)

if TYPE_CHECKING:
    import optuna


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option("--trials", type=int, help="Number of trials to verify, chosen at random.")
@click.option("--seed", default=SEED, help="Seed of the choice.")
@data_dir_option
@allow_option
@runs_option
@storage_option
def verify(
    study: str,
    trials: int | None,
    seed: int,
    data_dir: str | None,
    runs: Path,
    storage: str | None,
) -> None:
    """Run a trial again, and compare it with its record.

    The exit code is 1 if it differs.

    Example: latentune verify conv-ae-digits:3
    """
    from ..check.verify import verify, verify_some
    from ..study.study_lookup import open_study

    name = study.partition(":")[0]
    if trials is None:
        found = [verify(study, data_dir=data_dir, runs=runs, storage=storage)]
        click.echo(str(found[0]))
    else:
        found = []
        for verified in verify_some(
            study, trials, seed=seed, data_dir=data_dir, runs=runs, storage=storage
        ):
            found.append(verified)
            click.echo(verified.summary)
        same = sum(verified.reproduced for verified in found)
        click.echo(f"{same} of {len(found)} reproduced to the last bit")
        for line in dict.fromkeys(line for verified in found for line in verified.reasons):
            click.echo(f"  {line}")
    reproduced = all(verified.reproduced for verified in found)
    opened = open_study(open_study_database(runs, storage), name)
    print_next_command(*(_next_words(opened, study) if reproduced else ["status", name]))
    raise SystemExit(not reproduced)


def _next_words(opened: "optuna.Study", study: str) -> list[str]:
    """Returns the command that trains the verified trial; another command if it has no value."""
    from ..study.study_error import StudyError
    from ..study.study_lookup import best_configuration, split_trial_number

    try:
        best_configuration(opened, split_trial_number(study)[1])
    except StudyError:
        return next_study_command(opened)
    return ["train", study]
