"""The verbs that look: at the catalogue, at studies, and at their best."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..defaults import PORT
from .common import UsageError, runs_option, say_next, storage_option

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


@click.command("list")
def list_() -> None:
    """List what can be searched, and on which data.

    Example: latentune list
    """
    from ...objectives.datasets import DATASETS
    from ..catalog import MODELS

    click.echo("models:")
    for name, entry in MODELS.items():
        click.echo(f"  {name:<14} {entry.summary}; spaces: {', '.join(entry.spaces)}")
    click.echo("data:")
    for name, load in DATASETS.items():
        click.echo(f"  {name:<14} {(load.__doc__ or '').splitlines()[0]}")
    click.echo("  FOLDER         Any folder of images; its folders, if any, are the classes.")
    say_next(f"latentune search {next(iter(MODELS))} {next(iter(DATASETS))}")


@click.command()
@click.argument("study", required=False)
@runs_option
@storage_option
def status(study: str | None, runs: Path, storage: str | None) -> None:
    """Show all studies, or every trial of one.

    Example: latentune status conv-ae-digits
    """
    import optuna

    from ..results import open_study
    from .console import show_studies, show_trials

    database = _open(runs, storage)
    if study is not None:
        show_trials(open_study(database, study))
        say_next(f"latentune best {study}", runs, storage)
        return
    names = optuna.get_all_study_names(database)
    show_studies([optuna.load_study(study_name=name, storage=database) for name in names])
    if names:
        say_next(f"latentune status {names[-1]}", runs, storage)


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option("--prefer", metavar="OBJECTIVE|knee", help="Which of the trials on a front.")
@runs_option
@storage_option
def best(study: str, prefer: str | None, runs: Path, storage: str | None) -> None:
    """Print a study's best configuration and write it to best.toml.

    Example: latentune best conv-ae-digits
    """
    from ...storage.best import write_best
    from ...storage.runs import Runs
    from ..results import best_of, open_study, split_source

    name, number = split_source(study)
    found = best_of(open_study(_open(runs, storage), name), number, prefer)
    path = Runs(runs).best(name)
    write_best(found, path)
    click.echo(path.read_text().rstrip())
    say_next(f"latentune train {path}", runs)


@click.command()
@click.option("--port", default=PORT, help="Port on this machine.")
@runs_option
@storage_option
def dashboard(port: int, runs: Path, storage: str | None) -> None:
    """Look at all studies in the browser; Ctrl-C ends it.

    Example: latentune dashboard --port 8081
    """
    from ...storage.dashboard import serve
    from ...storage.runs import Runs

    serve(_open(runs, storage), Runs(runs).artifacts, port, announce=click.echo)


@click.command()
@click.argument("study")
@click.option("--format", "format_", default="csv", help="csv or json.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: print it]")
@runs_option
@storage_option
def export(study: str, format_: str, out: Path | None, runs: Path, storage: str | None) -> None:
    """Print or write every trial of a study as CSV or JSON.

    Example: latentune export conv-ae-digits --format json --out trials.json
    """
    from ...storage.export import to_csv, to_json
    from ...storage.runs import write_text
    from ..results import open_study

    writers = {"csv": to_csv, "json": to_json}
    if format_ not in writers:
        raise UsageError(f"there is no format {format_!r}; known: {', '.join(writers)}")
    text = writers[format_](open_study(_open(runs, storage), study))
    if out is None:
        click.echo(text.rstrip())
    else:
        write_text(out, text)
        click.echo(f"wrote {out}")


def _open(runs: Path, storage: str | None) -> "BaseStorage":
    from ...storage.database import open_database
    from ...storage.runs import Runs

    return open_database(storage or Runs(runs).database)
