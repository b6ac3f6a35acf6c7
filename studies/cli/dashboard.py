"""The verb `dashboard`."""

from pathlib import Path

import click

from ..study.defaults import DASHBOARD_PORT
from .shared_options import open_study_database, runs_option, storage_option


@click.command()
@click.option("--port", default=DASHBOARD_PORT, help="Port on this machine.")
@runs_option
@storage_option
def dashboard(port: int, runs: Path, storage: str | None) -> None:
    """Show all studies in the browser until Ctrl-C.

    Example: latentune dashboard --port 8081
    """
    from ...storage.dashboard_server import serve
    from ...storage.runs_folder import Runs

    serve(open_study_database(runs, storage), Runs(runs).artifacts, port, announce=click.echo)
