"""The verbs that show data and studies."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...objectives.data.sources.source import TABLE_OPTIONS
from ..study.defaults import DASHBOARD_PORT
from ..study.option_text import parse_shares
from ..study.study_options import StudyOptions
from .messages import print_result
from .next_command import next_study_command, print_next_command
from .verb_options import Parsed, declare_options, runs_option, storage_option

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


@click.command()
@click.argument("data")
@declare_options(StudyOptions, only=("image_size", "seed", "data_dir", *TABLE_OPTIONS))
@click.option(
    "--split",
    type=Parsed(parse_shares),
    metavar="A/B/C",
    help="Split a folder of images: per cent to train, validate and test.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the split's lists."
)
@runs_option
def show(data: str, out: Path | None, **options: Any) -> None:
    """Show what data hold: parts, classes, and a grid of images.

    Example: latentune show digits
    """
    from ...objectives.data.sources.source import check_exists

    check_exists(data)
    from ..use.show import show

    summary = show(data, out=out, **options)
    print_result(summary)
    place = data if out is None else str(out)
    place = f"./{place}" if place.startswith("-") else place
    if summary.candidates:
        words = ["show", place, "--target", summary.candidates[0]]
    else:
        words = ["search", place] if summary.searchable else ["list"]
    print_next_command(*words, also=("seed",))


importance_option = click.option(
    "--importance", is_flag=True, help="Print the importance of each parameter too."
)


@click.command()
@click.argument("study", required=False)
@importance_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
@runs_option
@storage_option
def status(
    study: str | None, importance: bool, as_json: bool, runs: Path, storage: str | None
) -> None:
    """Show all studies, or the trials of one, with a forecast.

    Example: latentune status conv-ae-digits
    """
    import optuna

    from ...storage.database import open_for_reading
    from ...storage.resume_checkpoints import last_epochs
    from ...storage.runs_folder import Runs
    from ...storage.study_record import is_latentune_study
    from ...storage.study_summary import Study
    from ..study.importance import parameter_importances
    from ..study.misplaced_checkpoints import describe_misplaced_checkpoints
    from ..study.study_lookup import open_study
    from .study_tables import print_studies, print_study

    if importance and study is None:
        raise click.UsageError("--importance is of one study: latentune status STUDY --importance")
    folder = Runs(runs)
    database = open_for_reading(storage or folder.database)
    if as_json:
        _print_json(database, study)
        return
    if study is not None:
        studies = [open_study(database, study)]
        print_study(studies[0], folder)
        if importance:
            print_result(parameter_importances(studies[0]))
        words = next_study_command(studies[0])
    else:
        names = optuna.get_all_study_names(database)
        studies = [Study(study_name=name, storage=database) for name in names]
        print_studies(studies, folder)
        ours = [one.study_name for one in studies if is_latentune_study(one)]
        words = ["status", ours[-1]] if ours else []
    for one in studies:
        for line in describe_misplaced_checkpoints(one, folder):
            click.echo(line)
    if (unfinished := last_epochs(folder, study)).count:
        click.echo(unfinished)
    print_next_command(*words)


def _print_json(database: "BaseStorage", study: str | None) -> None:
    """Prints the status of a study, or a list with that of each study."""
    import optuna

    from ...storage.json_text import to_strict_json
    from ...storage.study_record import is_latentune_study
    from ...storage.study_summary import Study
    from ..study.study_lookup import open_study
    from ..study.study_status import study_status

    if study is not None:
        click.echo(to_strict_json(study_status(open_study(database, study))), nl=False)
        return
    names = optuna.get_all_study_names(database)
    studies = [Study(study_name=name, storage=database) for name in names]
    found = [study_status(one) for one in studies if is_latentune_study(one)]
    click.echo(to_strict_json(found), nl=False)


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option("--prefer", metavar="OBJECTIVE|knee", help="Which trial of a Pareto front.")
@importance_option
@runs_option
@storage_option
def best(
    study: str, prefer: str | None, importance: bool, runs: Path, storage: str | None
) -> None:
    """Print the configuration of a study's best trial.

    It is also written to best.toml. Of a trial that is named, such as trial 7, the configuration
    is printed and written to trial-7.toml.

    Example: latentune best conv-ae-digits
    """
    from ...storage.best_toml import write_best_toml
    from ...storage.runs_folder import Runs
    from ..study.importance import parameter_importances
    from ..study.study_lookup import best_configuration, open_study, split_trial_number
    from .study_tables import describe_confirmed

    name, number = split_trial_number(study)
    opened = open_study(storage or Runs(runs).database, name)
    path = Runs(runs).best(name, number)
    write_best_toml(best_configuration(opened, number, prefer), path)
    click.echo(path.read_text(encoding="utf-8").rstrip())
    if number is None:
        for line in describe_confirmed(opened):
            click.echo(line)
    if importance:
        print_result(parameter_importances(opened))
    print_next_command("train", str(path))


@click.command()
@click.argument("studies", nargs=-1, required=True, metavar="STUDY...")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="File to write.  [default: report.html in the folder of the study]",
)
@runs_option
@storage_option
def report(studies: tuple[str, ...], out: Path | None, runs: Path, storage: str | None) -> None:
    """Write studies as one page of HTML.

    It says what was searched, how the search went, and what the trained network reaches; of
    several studies, it compares them. The page needs no other file, so that it can be mailed.

    Example: latentune report conv-ae-digits
    """
    from ..check.report.report import report

    written = report(studies, out=out, runs=runs, storage=storage)
    print_result(written)
    words = ["train", written.untrained[0]] if written.untrained else ["verify", studies[0]]
    print_next_command(*words)


@click.command()
@click.option("--port", default=DASHBOARD_PORT, help="Port on this machine.")
@runs_option
@storage_option
def dashboard(port: int, runs: Path, storage: str | None) -> None:
    """Show all studies in the browser until Ctrl-C.

    Example: latentune dashboard --port 8081
    """
    from ...storage.dashboard_server import serve
    from ...storage.database import open_database
    from ...storage.runs_folder import Runs
    from ..study.garbage_collection import start_garbage_collection

    start_garbage_collection()
    place = Runs(runs)
    database = open_database(storage or place.database)
    serve(database, place.artifacts, port, announce=click.echo)
