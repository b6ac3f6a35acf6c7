"""The verb `export`: every trial of a study as a table, or all of the study as a zip."""

from pathlib import Path

import click

from ..study.defaults import EXPORT_FORMATS
from .shared_options import (
    UsageError,
    open_study_database,
    print_next_command,
    runs_option,
    storage_option,
)


@click.command()
@click.argument("study")
@click.option("--to", metavar="ZIP", type=click.Path(path_type=Path), help="Pack all of it.")
@click.option(
    "--format", "format_", help=f"{' or '.join(EXPORT_FORMATS)}.  [default: {EXPORT_FORMATS[0]}]"
)
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
    from ...storage.runs_folder import write_text
    from ...storage.storage_error import refuse_url
    from ...storage.study_export import to_csv, to_json
    from ..study.study_error import check_choice
    from ..study.study_lookup import open_study

    format_ = format_ or EXPORT_FORMATS[0]
    check_choice("format", format_, EXPORT_FORMATS)
    if out is not None and refuse_url(out, "out").is_dir():
        raise UsageError(f"--out {str(out)!r} is a folder; name a file")
    write = {"csv": to_csv, "json": to_json}[format_]
    text = write(open_study(open_study_database(runs, storage), study))
    if out is None:
        click.echo(text.rstrip())
    else:
        write_text(out, text)
        click.echo(f"wrote {out}")


def _pack(study: str, to: Path, runs: Path, storage: str | None) -> None:
    from ..display.progress_display import show_progress
    from ..transfer.export import export

    show_progress()
    click.echo(str(export(study, to, runs=runs, storage=storage)))
    print_next_command("import", str(to), "--runs", "ELSEWHERE")
