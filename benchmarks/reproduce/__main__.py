"""Runs published systems again: python -m benchmarks.reproduce [ROW]... (make reproduce)."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from .reproduction import Reproduction
from .rows import UnknownRowError, select_rows
from .table import describe, make_table, write_table


@click.command(context_settings={"show_default": True, "max_content_width": 100})
@click.argument("rows", nargs=-1, metavar="[ROW]...")
@click.option("--quick", is_flag=True, help="Check that it works: two trials, one epoch.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Limit of each search and of each training.  [default: no limit]",
)
@click.option("--cluster", metavar="OPTIONS", help="Ray cluster, e.g. 'auto --gpus 0.5'.")
@click.option("--data-dir", metavar="FOLDER", help="Folder of torchvision's data.")
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("reproduced"),
    help="Folder of the studies and of the table.",
)
def main(
    rows: tuple[str, ...],
    quick: bool,
    minutes: float | None,
    cluster: str | None,
    data_dir: str | None,
    runs: Path,
) -> None:
    """Run published systems and write one table of published and reproduced values.

    Each ROW of rows.toml, such as A4, runs with the published settings, and once more with a
    search. Without a ROW, all rows run whose data exist. Stored results are not computed again.
    If a command fails, the other rows run all the same, and the exit code is 1.

    Example: python -m benchmarks.reproduce A4 C7 --minutes 5
    """
    try:
        names = select_rows(rows)
    except UnknownRowError as error:
        raise click.BadParameter(str(error)) from error
    root = runs.with_name(f"{runs.name}-quick") if quick else runs
    options = [] if cluster is None else shlex.split(f"--cluster {cluster}")
    reproduction = Reproduction(root, run_command, quick, minutes, data_dir, options)
    results = reproduction.load_results()
    for result in reproduction.run(names):
        click.echo(describe(result))
        results.append(result)
    click.echo(f"wrote {write_table(make_table(results), root)}")
    click.echo(f"next: latentune status --runs {shlex.quote(str(root))}")
    if any(result.failed for result in results):
        raise SystemExit(1)


def run_command(words: Sequence[str]) -> str | None:
    """Runs `latentune` with these words in a new process; returns its error message, or None."""
    click.echo(f"$ {shlex.join(['latentune', *words])}")
    command = [sys.executable, "-m", "latentune", *words]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode == 130:
        raise KeyboardInterrupt
    if not done.returncode:
        return None
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1].removeprefix("latentune: ")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.reproduce")
