"""The verb `import`: a study that somebody has packed."""

from pathlib import Path

import click

from .shared_options import print_next_command, runs_option, storage_option, with_option_names


@click.command("import")
@click.argument("archive", metavar="ZIP", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the study here.  [default: as in the zip]")
@click.option("--into", metavar="STUDY", help="Add its trials to a study of the same definition.")
@runs_option
@storage_option
def import_(
    archive: Path, name: str | None, into: str | None, runs: Path, storage: str | None
) -> None:
    """Unpack a study that export --to packed.

    Its trials, pictures and trained networks come to the runs folder, and nothing that is there is
    replaced. With --into, its trials come to a study that is there.

    Example: latentune import study.zip
    """
    import optuna

    from ..display.progress_display import show_progress
    from ..transfer.import_ import import_

    show_progress()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found = import_(archive, name=name, into=into, runs=runs, storage=storage)
    click.echo(with_option_names(str(found)))
    print_next_command("status", found.study.study_name)
