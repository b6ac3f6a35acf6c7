"""The verbs that look: at the catalogue, at studies, and at their best."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..defaults import FORMATS, PORT
from .common import UsageError, runs_option, say_next, storage_option

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


EXAMPLE = (1, 28, 28)


@click.command("list")
@click.argument("model", required=False)
def list_(model: str | None) -> None:
    """List what can be searched, and on which data; of a MODEL, what varies in it.

    Example: latentune list conv-ae
    """
    from ...objectives.datasets import DATASETS
    from ..catalog import MODELS

    if model is not None:
        _list_spaces(model)
        return
    click.echo("models:")
    for name, entry in MODELS.items():
        click.echo(f"  {name:<14} {entry.summary}; spaces: {', '.join(entry.spaces)}")
    click.echo("data:")
    for name, load in DATASETS.items():
        click.echo(f"  {name:<14} {(load.__doc__ or '').splitlines()[0]}")
    click.echo("  FOLDER         Any folder of images; its folders, if any, are the classes.")
    say_next("search", next(iter(MODELS)), next(iter(DATASETS)))


def _list_spaces(model: str) -> None:
    """Prints the parameters that each space of a model varies, for `--range` and `--fix`."""
    from ...search_spaces.watch import describe, parameters
    from ..catalog import MODELS
    from ..encoders import untrained_space
    from ..errors import check_choice

    check_choice("model", model, MODELS)
    entry = MODELS[model]
    shape = "x".join(map(str, EXAMPLE))
    click.echo(f"{model}: {entry.summary}; the ranges are those for images of {shape}")
    for space in entry.spaces:
        click.echo(f"space {space}:")
        found = parameters(untrained_space(entry, space), EXAMPLE)
        for name, distribution in found.items():
            click.echo(f"  --range {name:<14} {describe(distribution)}")
    click.echo(f"objectives: {', '.join(entry.metrics)}")
    data = ["digits", "--encoder", "STUDY"] if entry.on_encoder else ["digits"]
    say_next("search", model, *data)


@click.command()
@click.argument("study", required=False)
@runs_option
@storage_option
def status(study: str | None, runs: Path, storage: str | None) -> None:
    """Show all studies, or every trial of one.

    Example: latentune status conv-ae-digits
    """
    import optuna

    from ...storage.runs import Runs
    from ..console import show_studies, show_trials
    from ..results import open_study

    database = _open(runs, storage)
    if study is not None:
        show_trials(open_study(database, study), Runs(runs))
        say_next("best", study, runs=runs, storage=storage)
        return
    names = optuna.get_all_study_names(database)
    studies = [optuna.load_study(study_name=name, storage=database) for name in names]
    show_studies(studies, Runs(runs))
    if names:
        say_next("status", names[-1], runs=runs, storage=storage)


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option("--prefer", metavar="OBJECTIVE|knee", help="Which of the trials on a front.")
@runs_option
@storage_option
def best(study: str, prefer: str | None, runs: Path, storage: str | None) -> None:
    """Print a study's best configuration and write it to best.toml, or that of a trial.

    Example: latentune best conv-ae-digits
    """
    from ...storage.best import write_best
    from ...storage.runs import Runs
    from ..results import best_of, open_study, split_source

    name, number = split_source(study)
    found = best_of(open_study(_open(runs, storage), name), number, prefer)
    path = Runs(runs).best(name, number)
    write_best(found, path)
    click.echo(path.read_text().rstrip())
    say_next("train", str(path), runs=runs, storage=storage)


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
@click.option("--format", "format_", default="csv", help=f"{' or '.join(FORMATS)}.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: print it]")
@runs_option
@storage_option
def export(study: str, format_: str, out: Path | None, runs: Path, storage: str | None) -> None:
    """Print or write every trial of a study as CSV or JSON.

    Example: latentune export conv-ae-digits --format json --out trials.json
    """
    from ...storage.export import to_csv, to_json
    from ...storage.runs import write_text
    from ..errors import check_choice
    from ..results import open_study

    check_choice("format", format_, FORMATS)
    if out is not None and out.is_dir():
        raise UsageError(f"--out {str(out)!r} is a folder; name a file")
    write = {"csv": to_csv, "json": to_json}[format_]
    text = write(open_study(_open(runs, storage), study))
    if out is None:
        click.echo(text.rstrip())
    else:
        write_text(out, text)
        click.echo(f"wrote {out}")


def _open(runs: Path, storage: str | None) -> "BaseStorage":
    from ...storage.database import open_database
    from ...storage.runs import Runs

    return open_database(storage or Runs(runs).database)
