"""The verb `predict`: what a trained network says of new input."""

from contextlib import nullcontext
from pathlib import Path

import click

from .shared_options import (
    allow_option,
    data_dir_option,
    inputs_argument,
    print_next_command,
    print_unreadable_inputs,
    runs_option,
)

MAX_REPEATED_INPUTS = 3  # inputs at most that are named once more


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
    from ...storage.runs_folder import Runs
    from ..display.terminal import console, output_to_stderr
    from ..use.predict import predict as run
    from .next_steps import FILE, next_network_command

    with output_to_stderr() if as_json else nullcontext():
        predictions = run(source, inputs, out=out, data_dir=data_dir, runs=runs)
    if as_json:
        click.echo(predictions.to_json())
    else:
        console.print(predictions)
        if out is not None:
            click.echo(f"wrote {out}")
    print_unreadable_inputs(predictions.unreadable)
    if not as_json:
        read = [one for one in inputs if one not in predictions.unreadable and one[:1] != "-"]
        words = next_network_command("predict", source, Runs(runs))
        again = {FILE: read[:MAX_REPEATED_INPUTS] or [FILE]}
        print_next_command(*(word for one in words for word in again.get(one, [one])))
    if predictions.unreadable:
        raise SystemExit(1)
