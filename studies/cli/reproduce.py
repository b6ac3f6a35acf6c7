"""The verb `reproduce`: published systems, run again."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ..defaults import RUNS
from .common import cluster_options, data_dir_option, say_next


@click.command()
@click.argument("rows", nargs=-1, metavar="[ROW]...")
@click.option("--quick", is_flag=True, help="Cut everything to two trials and an epoch: a check.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Cut each search, and each training, to this time.  [default: no limit]",
)
@cluster_options
@data_dir_option
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path(RUNS) / "reproduced",
    help="Folder of these studies, and of the table.",
)
def reproduce(
    rows: tuple[str, ...],
    quick: bool,
    minutes: float | None,
    cluster: str | None,
    cpus: float,
    gpus: float,
    data_dir: str | None,
    runs: Path,
) -> None:
    """Run published systems again, for a table of both figures.

    Each ROW, such as A4, is run with the published settings, and after a search of ours; without
    one, all whose data are there. What was run before is kept. If a command fails, the others
    are run, and the exit code is 1.

    Example: latentune reproduce A4 C7 --minutes 5
    """
    from ..cluster.joining import Cluster
    from ..reproducing.reproduce import Reproduction, chosen_rows
    from ..reproducing.table import describe, make_table, write_table

    names = chosen_rows(rows)
    where = runs.with_name(f"{runs.name}-quick") if quick else runs
    nodes = None if cluster is None else Cluster(cluster, cpus, gpus)
    reproduction = Reproduction(where, _run, quick, minutes, data_dir, nodes)
    found = reproduction.kept()
    for one in reproduction.run(names):
        click.echo(describe(one))
        found.append(one)
    folder = write_table(make_table(found), where)
    click.echo(f"wrote {folder}")
    say_next("status", "--runs", str(where))
    if any(one.failed for one in found):
        raise SystemExit(1)


def _run(words: Sequence[str]) -> str | None:
    """Runs a command in a process of its own; returns why it failed, if it did."""
    click.echo(f"$ {shlex.join(['latentune', *words])}")
    command = [sys.executable, "-m", "latentune", *words]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - it is ours
    if done.returncode == 130:
        raise KeyboardInterrupt
    if not done.returncode:
        return None
    said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return said[-1].removeprefix("latentune: ")
