"""The verb `encode`."""

from pathlib import Path

import click

from ..display.result import Result
from .messages import print_unreadable_inputs
from .network_command import network_command
from .shared_options import inputs_argument


@network_command
@inputs_argument
@click.option("--out", required=True, metavar="FILE", help="File to write: .npz or .csv.")
def encode(source: str, inputs: tuple[str, ...], out: str, runs: Path) -> Result:
    """Write the latent codes of new images, rows or texts.

    INPUT is a file, a folder, a glob, a text, or - for standard input.

    Example: latentune encode conv-ae-photos holiday/ --out codes.npz
    """
    from ..use.encode import encode

    encodings = encode(source, inputs, out=out, runs=runs)
    print_unreadable_inputs(encodings.unreadable)
    return encodings
