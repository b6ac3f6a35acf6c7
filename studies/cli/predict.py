"""The verb `predict`: what a trained network says of new input."""

from contextlib import nullcontext
from pathlib import Path

import click

from .common import (
    allow_option,
    data_dir_option,
    inputs_argument,
    runs_option,
    say_next,
    say_unread,
)

NAMED = 3  # inputs at most that are named once more


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|CKPT")
@inputs_argument
@click.option("--out", metavar="FILE.csv", help="File for all rows.")
@click.option("--json", "as_json", is_flag=True, help="Print nothing but an array of JSON.")
@data_dir_option
@allow_option
@runs_option
def predict(
    source: str,
    inputs: tuple[str, ...],
    out: str | None,
    as_json: bool,
    data_dir: str | None,
    runs: Path,
) -> None:
    """Ask a trained network about new images, rows or texts.

    INPUT is a file, a folder, a glob, a text, or - for standard input.

    Example: latentune predict cnn-photos holiday/ --out holiday.csv
    """
    from ...storage.runs import Runs
    from ..display.console import aside, console
    from ..use.predict import predict as run
    from .next_steps import FILE, next_of_network

    with aside() if as_json else nullcontext():
        predictions = run(source, inputs, out=out, data_dir=data_dir, runs=runs)
    if as_json:
        click.echo(predictions.to_json())
    else:
        console.print(predictions)
        if out is not None:
            click.echo(f"wrote {out}")
    say_unread(predictions.unread)
    if not as_json:
        read = [one for one in inputs if one not in predictions.unread and one[:1] != "-"]
        words = next_of_network("predict", source, Runs(runs))
        again = {FILE: read[:NAMED] or [FILE]}
        say_next(*(word for one in words for word in again.get(one, [one])))
    if predictions.unread:
        raise SystemExit(1)
