"""The verb `encode`: the codes of new input."""

from pathlib import Path

import click

from .shared_options import (
    allow_option,
    inputs_argument,
    print_next_command,
    print_unreadable_inputs,
    runs_option,
)


@click.command()
@click.argument("source", metavar="STUDY[:TRIAL]|CKPT")
@inputs_argument
@click.option("--out", required=True, metavar="FILE", help="File for the codes: .npz or .csv.")
@allow_option
@runs_option
def encode(source: str, inputs: tuple[str, ...], out: str, runs: Path) -> None:
    """Write the codes of new images, rows or texts.

    INPUT is a file, a folder, a glob, a text, or - for standard input.

    Example: latentune encode conv-ae-photos holiday/ --out codes.npz
    """
    from ...storage.runs_folder import Runs
    from ..use.encode import encode as run
    from .next_steps import next_network_command

    encoded = run(source, inputs, out=out, runs=runs)
    click.echo(f"wrote {out}: codes of shape {encoded.codes.shape}")
    print_unreadable_inputs(encoded.unreadable)
    print_next_command(*next_network_command("encode", source, Runs(runs)))
    if encoded.unreadable:
        raise SystemExit(1)
