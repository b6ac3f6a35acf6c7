"""The verb `export`: every trial of a study as a table, or all of the study as a zip."""

from pathlib import Path

import click

from ..study.defaults import FORMATS
from .common import UsageError, open_runs, runs_option, say_next, storage_option


@click.command()
@click.argument("study")
@click.option("--to", metavar="ZIP", type=click.Path(path_type=Path), help="Pack all of it.")
@click.option("--format", "format_", help=f"{' or '.join(FORMATS)}.  [default: {FORMATS[0]}]")
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: print it]")
@runs_option
@storage_option
def export(
    study: str,
    to: Path | None,
    format_: str | None,
    out: Path | None,
    runs: Path,
    storage: str | None,
) -> None:
    """Print or write every trial as CSV or JSON, or pack a study.

    A zip holds its trials, pictures, configurations and trained networks, and the encoder that it
    is put on; latentune import unpacks it elsewhere.

    Example: latentune export conv-ae-digits --to study.zip
    """
    if to is not None:
        if out is not None or format_ is not None:
            raise UsageError("--to packs all of a study: leave out --format and --out")
        _pack(study, to, runs, storage)
        return
    from ...storage.export import to_csv, to_json
    from ...storage.paths import check_path
    from ...storage.runs import write_text
    from ..study.errors import check_choice
    from ..study.finding import open_study

    format_ = format_ or FORMATS[0]
    check_choice("format", format_, FORMATS)
    if out is not None and check_path(out, "out").is_dir():
        raise UsageError(f"--out {str(out)!r} is a folder; name a file")
    write = {"csv": to_csv, "json": to_json}[format_]
    text = write(open_study(open_runs(runs, storage), study))
    if out is None:
        click.echo(text.rstrip())
    else:
        write_text(out, text)
        click.echo(f"wrote {out}")


def _pack(study: str, to: Path, runs: Path, storage: str | None) -> None:
    from ..display.console import at_work
    from ..transfer.exporting import export_study

    at_work()
    click.echo(str(export_study(study, to, runs=runs, storage=storage)))
    say_next("import", str(to), "--runs", "ELSEWHERE")
