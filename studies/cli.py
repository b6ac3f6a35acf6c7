"""The command line: one verb a function, each ending with the next one to type.

Only `typer` and the catalogue are imported before a command runs, so that `--help` is immediate.
"""

import errno
import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(
    name="latentune",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

RunsOption = Annotated[Path, typer.Option("--runs", help="Folder that holds all studies.")]
StorageOption = Annotated[
    str | None, typer.Option(help="Optuna URL of another database, e.g. sqlite:///other.db.")
]
SourceArgument = Annotated[
    str, typer.Argument(metavar="STUDY", help="STUDY for its best trial, or e.g. STUDY:17.")
]
StudyArgument = Annotated[str, typer.Argument(metavar="STUDY", help="Name of a study.")]
DataDirOption = Annotated[
    str | None, typer.Option(help="Where torchvision data lies. [default: $LATENTUNE_DATA]")
]
RUNS = Path("runs")


@app.callback()
def latentune() -> None:
    """Search, train and sample small representation-learning models.

    Example: latentune search conv-ae digits
    """


@app.command("list")
def list_() -> None:
    """List what can be searched, and on which data.

    Example: latentune list
    """
    from ..objectives.datasets import DATASETS
    from .catalog import MODELS

    typer.echo("models:")
    for name, entry in MODELS.items():
        typer.echo(f"  {name:<14} {entry.summary}; spaces: {', '.join(entry.spaces)}")
    typer.echo("data:")
    for name, load in DATASETS.items():
        typer.echo(f"  {name:<14} {(load.__doc__ or '').splitlines()[0]}")
    typer.echo("  FOLDER         Any folder of images; its folders, if any, are the classes.")
    _next(f"latentune search {next(iter(MODELS))} {next(iter(DATASETS))}")


@app.command()
def search(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model of the list, or your module:SPEC.")
    ],
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="A data set of the list, or a folder.")
    ] = None,
    space: Annotated[str, typer.Option(help="Search space of the model.")] = "default",
    range_: Annotated[
        list[str] | None,
        typer.Option("--range", metavar="NAME=LOW:HIGH[:log]", help="Replace a range."),
    ] = None,
    fix: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Pin a parameter.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="Trials in the study, over all searches.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="20m", help="Start no trial after this time.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of a trial.")] = None,
    pruner: Annotated[
        str, typer.Option(help="Gives up bad trials: median, halving, hyperband or none.")
    ] = "median",
    sampler: Annotated[
        str, typer.Option(help="Chooses configurations: tpe, gp or random.")
    ] = "tpe",
    batch_size: Annotated[int | None, typer.Option(help="Images in a batch.")] = None,
    image_size: Annotated[
        int | None, typer.Option(help="Side that the images of a folder are scaled to.")
    ] = None,
    data_dir: DataDirOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the split, sampler and trials.")] = 0,
    name: Annotated[
        str | None, typer.Option(help="Name of the study.  [default: MODEL-DATA]")
    ] = None,
    runs: RunsOption = RUNS,
    storage: StorageOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be searched, and stop.")
    ] = False,
) -> None:
    """Search a model on data; the same command again goes on where it stopped.

    Example: latentune search conv-ae fashion-mnist --space seed --trials 15
    """
    seconds = _seconds(time)
    ranges = _assignments("--range", range_) | _assignments("--fix", fix)
    import optuna

    from .search import plan_search, run_search

    plan = plan_search(
        model,
        data,
        space=space,
        ranges=ranges,
        trials=trials,
        seconds=seconds,
        epochs=epochs,
        pruner=pruner,
        sampler=sampler,
        batch_size=batch_size,
        image_size=image_size,
        data_dir=data_dir,
        seed=seed,
        name=name,
        runs=runs,
        storage=storage,
    )
    from .console import TrialLines, show_definition

    if dry_run:
        show_definition(plan)
        return
    command = shlex.join(["latentune", *sys.argv[1:]])
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # ours is a line a trial
    try:
        with TrialLines(plan) as lines:
            run_search(plan, command=command, callbacks=[lines])
    except KeyboardInterrupt:
        typer.echo("stopped; no trial is left running")
        _next(command, "go on by")
        raise typer.Exit(130) from None
    _next(f"latentune train {plan.name}{_elsewhere(runs, storage)}")


@app.command()
def status(
    study: Annotated[str | None, typer.Argument(metavar="[STUDY]")] = None,
    runs: RunsOption = RUNS,
    storage: StorageOption = None,
) -> None:
    """Show all studies, or every trial of one.

    Example: latentune status conv-ae-digits
    """
    import optuna

    from ..storage.database import open_database
    from ..storage.runs import Runs
    from .console import show_studies, show_trials
    from .results import open_study

    database = open_database(storage or Runs(runs).database)
    if study is not None:
        show_trials(open_study(database, study))
        _next(f"latentune best {study}{_elsewhere(runs, storage)}")
        return
    names = optuna.get_all_study_names(database)
    show_studies([optuna.load_study(study_name=name, storage=database) for name in names])
    if names:
        _next(f"latentune status {names[-1]}{_elsewhere(runs, storage)}")


@app.command()
def best(
    study: SourceArgument,
    runs: RunsOption = RUNS,
    storage: StorageOption = None,
) -> None:
    """Print a study's best configuration and write it to best.toml.

    Example: latentune best conv-ae-digits
    """
    from ..storage.best import write_best
    from ..storage.runs import Runs
    from .results import find

    path = Runs(runs).best(study.partition(":")[0])
    write_best(find(study, Runs(runs), storage), path)
    typer.echo(path.read_text().rstrip())
    _next(f"latentune train {path}")


@app.command()
def train(
    source: Annotated[
        str, typer.Argument(metavar="STUDY", help="STUDY, STUDY:17, or a best.toml.")
    ],
    epochs: Annotated[int, typer.Option(help="Epochs to train for.")] = 100,
    accelerator: Annotated[str, typer.Option(help="Device: auto, cpu, gpu.")] = "auto",
    data_dir: DataDirOption = None,
    runs: RunsOption = RUNS,
    storage: StorageOption = None,
) -> None:
    """Train a configuration to the end and score it once on the test part.

    Example: latentune train conv-ae-digits --epochs 50
    """
    import json

    from .console import EpochBar, show_mapping
    from .train import train as run

    folder = run(
        source,
        epochs=epochs,
        accelerator=accelerator,
        data_dir=data_dir,
        runs=runs,
        storage=storage,
        callbacks=[EpochBar(source)],
    )
    metrics = json.loads((folder / "metrics.json").read_text())
    show_mapping({k: v for k, v in metrics.items() if not isinstance(v, dict)})
    typer.echo(f"wrote {folder}")
    trained = folder.parent.name + folder.name.removeprefix("final").replace("-", ":")
    _next(f"latentune sample {trained}{_elsewhere(runs)}")


@app.command()
def sample(
    study: SourceArgument,
    n: Annotated[int, typer.Option("--n", help="Number of codes to sample.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of bandwidth search and samples.")] = 0,
    runs: RunsOption = RUNS,
) -> None:
    """Sample the latent space of a trained autoencoder by kernel density estimation.

    Example: latentune sample conv-ae-digits --n 1000
    """
    from .sample import sample as run

    for name, density in run(study, n=n, seed=seed, runs=runs).items():
        typer.echo(f"{name:<8} bandwidth {density.bandwidth:.3f} on {len(density.points):,} codes")
    from ..storage.runs import Runs
    from .results import split_source

    typer.echo(f"wrote {Runs(runs).final(*split_source(study)) / 'samples'}")
    _next(f"latentune dashboard{_elsewhere(runs)}")


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8080,
    runs: RunsOption = RUNS,
    storage: StorageOption = None,
) -> None:
    """Look at all studies in the browser; Ctrl-C ends it.

    Example: latentune dashboard --port 8081
    """
    from ..storage.dashboard import serve
    from ..storage.database import open_database
    from ..storage.runs import Runs

    place = Runs(runs)
    database = open_database(storage or place.database)
    typer.echo(f"http://127.0.0.1:{port}/dashboard (Ctrl-C ends it)")
    serve(database, place.artifacts, port)


@app.command()
def export(
    study: StudyArgument,
    format_: Annotated[str, typer.Option("--format", help="csv or json.")] = "csv",
    out: Annotated[Path | None, typer.Option(help="File to write.  [default: print it]")] = None,
    runs: RunsOption = RUNS,
    storage: StorageOption = None,
) -> None:
    """Print or write every trial of a study as CSV or JSON.

    Example: latentune export conv-ae-digits --format json --out trials.json
    """
    from ..storage.database import open_database
    from ..storage.export import to_csv, to_json
    from ..storage.runs import Runs, write_text
    from .results import open_study

    writers = {"csv": to_csv, "json": to_json}
    if format_ not in writers:
        _fail(f"there is no format {format_!r}; known: {', '.join(writers)}")
    text = writers[format_](open_study(open_database(storage or Runs(runs).database), study))
    if out is None:
        typer.echo(text.rstrip())
    else:
        write_text(out, text)
        typer.echo(f"wrote {out}")


def main() -> NoReturn:
    """Runs the command line: an error of the user is one line and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        _fail(f"{error.format_message()}; see latentune --help")
    except KeyboardInterrupt:
        typer.echo("stopped; what was there before is still there", err=True)
        sys.exit(130)
    except Exception as error:
        message = _users(error)
        if message is None:
            raise
        _fail(message)
    sys.exit(code)


def _users(error: Exception) -> str | None:
    """Returns the message of an error that users can mend; the others are ours, with traceback."""
    from ..objectives.datasets import DataError
    from ..objectives.report import MonitorError
    from ..search_spaces.watch import SpaceError
    from ..storage.database import DatabaseError, reason
    from ..storage.runs import StorageError
    from .recipe import StudyError

    if isinstance(error, DataError | MonitorError | SpaceError | StorageError | StudyError):
        return str(error)
    if isinstance(error, DatabaseError):
        return f"the database failed ({reason(error)}); the same command goes on when it works"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return f"cannot write: {error}"
    return None


def _fail(message: str) -> NoReturn:
    typer.echo(f"latentune: {' '.join(message.split())}", err=True)
    sys.exit(2)


def _next(command: str, word: str = "next") -> None:
    typer.echo(f"{word}: {command}")


def _elsewhere(runs: Path, storage: str | None = None) -> str:
    """Returns the options that a following command needs to look in the same place."""
    options = [] if runs == RUNS else ["--runs", str(runs)]
    options += [] if storage is None else ["--storage", storage]
    return "".join(f" {shlex.quote(option)}" for option in options)


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        _fail(f"--time {text!r} is not a time such as 90s, 20m or 1.5h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def _assignments(option: str, texts: list[str] | None) -> dict[str, str]:
    pairs = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            _fail(f"{option} {text!r} is not of the form NAME=VALUE")
        pairs[name] = value
    return pairs
