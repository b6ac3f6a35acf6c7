"""The verb `doctor`: what is broken, wasted or could be searched better, and mending it."""

from pathlib import Path

import click

from .shared_options import print_next_command, runs_option, storage_option, with_option_names


@click.command()
@click.argument("study", required=False)
@click.option("--fix", is_flag=True, help="Mend what can be mended, after a backup.")
@click.option("--undo", is_flag=True, help="Take back the last repair.")
@runs_option
@storage_option
def doctor(study: str | None, fix: bool, undo: bool, runs: Path, storage: str | None) -> None:
    """Look for what is broken or wasted, and mend it.

    Without --fix, nothing is written. The exit code is 1 if something is broken.

    Example: latentune doctor --fix
    """
    from ..check.doctor import doctor as run

    found = run(study, fix=fix, undo=undo, runs=runs, storage=storage)
    click.echo(with_option_names(str(found)))
    again = ["doctor", *([] if study is None else [study])]
    if fix and found.backup is not None:
        click.echo(f"the backup is {found.backup}, and doctor --undo takes all of it back")
    if found.fixable:
        again.append("--fix")
    elif not undo:
        again[0] = "status"
    if found.fixable or not found.broken:  # else it has been said what to do by hand
        print_next_command(*again)
    raise SystemExit(found.broken)
