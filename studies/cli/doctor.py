"""The verb `doctor`."""

from pathlib import Path

import click

from .messages import print_result
from .next_command import print_next_command
from .shared_options import runs_option, storage_option


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
