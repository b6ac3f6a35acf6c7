"""The verb `import`."""

from pathlib import Path

import click

from .messages import print_result
from .next_command import print_next_command
from .shared_options import runs_option, storage_option


@click.command("import")
@click.argument("archive", metavar="ZIP", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the study here.  [default: as in the zip]")
@click.option("--into", metavar="STUDY", help="Add its trials to a study of the same definition.")
@runs_option
@storage_option
def import_(
    archive: Path, name: str | None, into: str | None, runs: Path, storage: str | None
) -> None:
    """Unpack a study that `latentune export --to` packed.

    Its trials, pictures and trained networks are added to the runs folder, and nothing there is
    replaced. With --into, its trials are added to an existing study.

    Example: latentune import study.zip
    """
    import optuna

    from ..transfer.import_ import import_

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    imported = import_(archive, name=name, into=into, runs=runs, storage=storage)
    print_result(imported)
    print_next_command("status", imported.study.study_name)
