"""The verbs that write and read archives of studies: `export` and `import`."""

from pathlib import Path

import click

from ..study.defaults import EXPORT_FORMATS
from ..study.network_formats import NETWORK_FORMATS, check_network_file
from ..study.study_error import check_known
from .messages import print_result
from .next_command import print_next_command
from .verb_options import Choice, allow_option, data_dir_option, runs_option, storage_option

EXPORT_SUFFIXES = (".zip", *NETWORK_FORMATS)


@click.command()
@click.argument("study")
@click.option(
    "--to",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Pack all of it: .zip. Or write its trained network: .onnx, .pt2, .safetensors.",
)
@click.option(
    "--format",
    "format_",
    type=Choice(EXPORT_FORMATS),
    help=f"Format of the table.  [default: {EXPORT_FORMATS[0]}]",
)
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: print it]")
@data_dir_option
@allow_option
@runs_option
@storage_option
def export(
    study: str,
    to: Path | None,
    format_: str | None,
    out: Path | None,
    data_dir: str | None,
    runs: Path,
    storage: str | None,
) -> None:
    """Write all trials, the whole study, or its trained network.

    Without --to, it prints or writes all trials. A zip holds its trials, pictures, configurations
    and trained networks, and its encoder; latentune import unpacks it elsewhere. The file of a
    network runs without Latentune. It is compared with the network on the test part first.

    Example: latentune export conv-ae-digits --to model.onnx
    """
    is_network = to is not None and to.suffix in NETWORK_FORMATS
    if data_dir is not None and not is_network:
        raise click.UsageError("--data-dir is for a network: add --to model.onnx")
    if to is None:
        _write_table(study, format_ or EXPORT_FORMATS[0], out, runs, storage)
        return
    if out is not None or format_ is not None:
        raise click.UsageError("--to writes no table: leave out --format and --out")
    check_known(to.suffix, EXPORT_SUFFIXES, f"--to {str(to)!r} names no known format")
    if is_network:
        if storage is not None:
            raise click.UsageError("networks are in the runs folder: leave out --storage")
        _write_network(study, to, data_dir, runs)
        return
    from ..transfer.export import export

    print_result(export(study, to, runs=runs, storage=storage))
    print_next_command("import", str(to), "--runs", "ELSEWHERE")


def _write_network(source: str, to: Path, data_dir: str | None, runs: Path) -> None:
    from ...storage.checkpoint_file import read_header
    from ...storage.runs_folder import Runs
    from ..study.checkpoint_lookup import checkpoint_path

    read_header(checkpoint_path(source, Runs(runs)))  # what is wrong is said at once
    check_network_file(to)
    from ..use.export_network import export_network

    print_result(export_network(source, to, data_dir=data_dir, runs=runs))


def _write_table(
    study: str, format_: str, out: Path | None, runs: Path, storage: str | None
) -> None:
    from ...storage.atomic_write import write_bytes, write_text
    from ...storage.database import open_for_reading
    from ...storage.runs_folder import Runs
    from ...storage.storage_error import refuse_url
    from ...storage.study_export import TABLE_ATTRIBUTES, to_csv, to_json, to_parquet
    from ..study.study_lookup import open_study

    if out is not None and refuse_url(out, "out").is_dir():
        raise click.UsageError(f"--out {str(out)!r} is a folder; name a file")
    if out is None and format_ == "parquet":
        raise click.UsageError("a Parquet file cannot be printed: add --out trials.parquet")
    to_text = to_json if format_ == "json" else to_csv
    attributes = None if format_ == "json" else TABLE_ATTRIBUTES
    database = open_for_reading(storage or Runs(runs).database, attributes=attributes)
    opened = open_study(database, study)
    if out is None:
        click.echo(to_text(opened).rstrip())
        return
    if format_ == "parquet":
        write_bytes(out, to_parquet(opened))
    else:
        write_text(out, to_text(opened))
    click.echo(f"wrote {out}")


@click.command("import")
@click.argument("archive", metavar="ZIP", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the study here.  [default: as in the zip]")
@click.option("--into", metavar="STUDY", help="Add its trials to a study of the same definition.")
@runs_option
@storage_option
def import_(
    archive: Path, name: str | None, into: str | None, runs: Path, storage: str | None
) -> None:
    """Unpack a study that `latentune export --to` packed.

    Its trials, pictures and trained networks are added to the runs folder, and nothing there is
    replaced. With --into, its trials are added to an existing study.

    Example: latentune import study.zip
    """
    import optuna

    from ..transfer.import_ import import_

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    imported = import_(archive, name=name, into=into, runs=runs, storage=storage)
    print_result(imported)
    print_next_command("status", imported.study.study_name)
