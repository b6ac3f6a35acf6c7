"""The verbs that check studies: `verify` and `doctor`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..study.defaults import SEED
from .messages import print_result
from .next_command import next_study_command, print_next_command
from .verb_options import (
    allow_option,
    data_dir_option,
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
def verify(study: str, trials: int | None, seed: int, **place: Any) -> None:
    """Run a trial again, and compare it with its record.

    The exit code is 1 if it differs.

    Example: latentune verify conv-ae-digits:3
    """
    from ...storage.runs_folder import Runs
    from ..study.study_lookup import open_study

    name = study.partition(":")[0]
    opened = open_study(place["storage"] or Runs(place["runs"]).database, name)
    from ..check.verify import verify, verify_some

    if trials is None:
        found = [verify(study, **place)]
        click.echo(str(found[0]))
    else:
        found = []
        for verified in verify_some(study, trials, seed=seed, **place):
            found.append(verified)
            click.echo(verified.summary)
        same = sum(verified.reproduced for verified in found)
        click.echo(f"{same} of {len(found)} reproduced to the last bit")
        for line in dict.fromkeys(line for verified in found for line in verified.reasons):
            click.echo(f"  {line}")
    reproduced = all(verified.reproduced for verified in found)
    print_next_command(*(_next_command_words(opened, study) if reproduced else ["status", name]))
    raise SystemExit(not reproduced)


def _next_command_words(opened: "optuna.Study", study: str) -> list[str]:
    """Returns the words of the command to type next.

    If the verified trial has a value, the command trains it.
    """
    from ..study.study_error import StudyError
    from ..study.study_lookup import best_configuration, split_trial_number

    try:
        best_configuration(opened, split_trial_number(study)[1])
    except StudyError:
        return next_study_command(opened)
    return ["train", study]


@click.command()
@click.argument("study", required=False)
@click.option("--fix", is_flag=True, help="Repair what can be repaired, after a backup.")
@click.option("--undo", is_flag=True, help="Take back the last repair.")
@runs_option
@storage_option
def doctor(study: str | None, fix: bool, undo: bool, runs: Path, storage: str | None) -> None:
    """Check studies for damage and waste, and repair them.

    Nothing is written without --fix. The exit code is 1 if something is broken.

    Example: latentune doctor --fix
    """
    from ..check.doctor import doctor

    diagnosis = doctor(study, fix=fix, undo=undo, runs=runs, storage=storage)
    print_result(diagnosis)
    words = ["doctor", *([] if study is None else [study])]
    if fix and diagnosis.backup is not None:
        click.echo(f"the backup is {diagnosis.backup}; doctor --undo puts it back")
    if diagnosis.fixable:
        words.append("--fix")
    elif not undo:
        words[0] = "status"
    if diagnosis.fixable or not diagnosis.broken:  # otherwise the findings say what to do
        print_next_command(*words)
    raise SystemExit(diagnosis.broken)
