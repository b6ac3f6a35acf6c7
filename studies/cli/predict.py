"""The verb `predict`."""

from contextlib import nullcontext
from pathlib import Path

import click

from .messages import print_result, print_unreadable_inputs
from .next_command import print_next_command
from .shared_options import allow_option, data_dir_option, inputs_argument, runs_option

MAX_REPEATED_INPUTS = 3


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|CKPT")
@inputs_argument
@click.option("--out", metavar="FILE.csv", help="File for all rows.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array and nothing else.")
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
    """Predict new images, rows or texts by a trained network.

    INPUT is a file, a folder, a glob, a text, or - for standard input.

    Example: latentune predict cnn-photos holiday/ --out holiday.csv
    """
    from ...storage.runs_folder import Runs
    from ..display.terminal import output_to_stderr
    from ..use.predict import predict
    from .next_steps import FILE, next_network_command

    with output_to_stderr() if as_json else nullcontext():
        predictions = predict(source, inputs, out=out, data_dir=data_dir, runs=runs)
    print_unreadable_inputs(predictions.unreadable)
    if as_json:
        click.echo(predictions.to_json())
    else:
        print_result(predictions)
        read = [one for one in inputs if one not in predictions.unreadable and one[:1] != "-"]
        repeated = {FILE: read[:MAX_REPEATED_INPUTS] or [FILE]}
        words = next_network_command("predict", source, Runs(runs))
        print_next_command(*(word for one in words for word in repeated.get(one, [one])))
    if predictions.unreadable:
        raise SystemExit(1)
