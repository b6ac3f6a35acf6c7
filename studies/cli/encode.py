"""The verb `encode`: the codes of new input."""

from pathlib import Path

import click

from .common import allow_option, inputs_argument, runs_option, say_next, say_unread


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
    from ...storage.runs import Runs
    from ..use.encode import encode as run
    from .next_steps import next_of_network

    encoded = run(source, inputs, out=out, runs=runs)
    click.echo(f"wrote {out}: codes of shape {encoded.codes.shape}")
    say_unread(encoded.unread)
    say_next(*next_of_network("encode", source, Runs(runs)))
    if encoded.unread:
        raise SystemExit(1)
