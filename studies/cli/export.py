"""The verb `export`: every trial of a study as a table."""

from pathlib import Path

import click

from ..defaults import FORMATS
from .common import UsageError, open_runs, runs_option, storage_option


@click.command()
@click.argument("study")
@click.option("--format", "format_", default="csv", help=f"{' or '.join(FORMATS)}.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: print it]")
@runs_option
@storage_option
def export(study: str, format_: str, out: Path | None, runs: Path, storage: str | None) -> None:
    """Print or write every trial of a study as CSV or JSON.

    Example: latentune export conv-ae-digits --format json --out trials.json
    """
    from ...storage.export import to_csv, to_json
    from ...storage.runs import write_text
    from ..errors import check_choice
    from ..finding import open_study

    check_choice("format", format_, FORMATS)
    if out is not None and out.is_dir():
        raise UsageError(f"--out {str(out)!r} is a folder; name a file")
    write = {"csv": to_csv, "json": to_json}[format_]
    text = write(open_study(open_runs(runs, storage), study))
    if out is None:
        click.echo(text.rstrip())
    else:
        write_text(out, text)
        click.echo(f"wrote {out}")
