"""The verb `list`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import click

from ...models.data_spec import DataSpec
from ...models.networks.architectures import ARCHITECTURES
from ...objectives.data.sources.builtin_datasets import DATASETS
from ...objectives.network_costs import COSTS
from ...search_spaces.batch_size import BATCH_SIZE
from ...search_spaces.catalog.candidates import (
    AUTO,
    SUMMARY,
    default_objective,
    find_candidates,
    find_fitting_models,
)
from ...search_spaces.catalog.entry import CatalogEntry
from ...search_spaces.catalog.models import FAMILIES, MODELS
from ..study.study_error import StudyError
from ..study.study_options import StudyOptions, parse_limits
from .answer_cache import cached_lines
from .next_command import print_next_command
from .verb_options import Choice, declare_options

NAME_WIDTH = 19
SPACE_SOURCES = ("models", "search_spaces")
"""Folders of the package. Their code defines the parameters of each search space."""
FILE_KINDS = {
    "FOLDER": "A folder of images; its subfolders, if any, are the classes.",
    "FOLDER of .txt": "Texts, such as names: one file for each class, one line for each text.",
    "CSV": "A table; or texts with their classes; or paths of images with theirs.",
    "TABLE": "The same in a .tsv, .csv.gz, .tsv.gz, .parquet or .feather file.",
    "FOLDER of datasets": "What save_to_disk of Hugging Face's datasets has written.",
    "ARRAY": "A .npy or .npz file of images or of rows of a table.",
}
"""Descriptions of the files and folders that a user can give as DATA."""
IMAGE_SPEC, TABLE_SPEC, TEXT_SPEC = (
    DataSpec((1, 28, 28)),
    DataSpec((13,), "table"),
    DataSpec((20,), "text"),
)
EXAMPLE_SPECS = {
    "images": IMAGE_SPEC,
    "images, classes": replace(IMAGE_SPEC, classes=("a", "b")),
    "table": TABLE_SPEC,
    "table, classes": replace(TABLE_SPEC, classes=("a", "b")),
    "table, number": replace(TABLE_SPEC, target=(0, 1)),
    "texts, classes": replace(TEXT_SPEC, classes=("a", "b"), letters="abc"),
}
"""Example data of each kind, for which `latentune list` prints models and ranges."""


@click.command("list")
@click.argument("model", required=False, type=Choice([*MODELS, AUTO]), metavar="[MODEL]")
@declare_options(StudyOptions, only=("limits",))
def list_(model: str | None, limits: Mapping[str, str] | None) -> None:
    """List models and data, or the parameters of a MODEL.

    With --limit, also says which share of its spaces the limits leave.

    Example: latentune list conv-ae
    """
    if limits and model in (None, AUTO):
        raise click.UsageError("--limit is of one model: latentune list MODEL --limit params=100k")
    if model is None:
        _list_everything()
    elif model == AUTO:
        _list_auto()
    else:
        _list_spaces(model, parse_limits(limits or {}) or {})


def _list_everything() -> None:
    _print_rows("all of them", {AUTO: SUMMARY})
    for family, entries in FAMILIES.items():
        rows = {n: f"{e.summary}; spaces: {', '.join(e.spaces)}" for n, e in entries.items()}
        _print_rows(family, rows)
    known = {name: (load.__doc__ or "").splitlines()[0] for name, load in DATASETS.items()}
    _print_rows("data", known | FILE_KINDS)
    print_next_command("search", next(iter(MODELS)), next(iter(DATASETS)))


def _list_spaces(model: str, limits: Mapping[str, float]) -> None:
    """Prints the parameters of each search space of a model, and what the model needs.

    With limits, it prints the share of each space that is within them.
    """
    entry = MODELS[model]
    _check_limits_are_known(model, limits)
    is_text, is_number = "image" not in entry.kinds, entry.predicts == "number"
    data = EXAMPLE_SPECS["texts, classes" if is_text else "images, classes"]
    if is_number:
        data = replace(data, classes=(), target=(0, 1))
    kind = "texts" if is_text else f"images of {IMAGE_SPEC}"
    click.echo(f"{model}: {entry.summary}; the ranges are those for {kind}")
    for line in cached_lines(f"list-{model}", SPACE_SOURCES, lambda: _space_lines(entry, data)):
        click.echo(line)
    for line in _share_lines(entry, data, limits):
        click.echo(line)
    click.echo(f"of every space: --range {BATCH_SIZE}=32:512, if it is to be searched")
    click.echo(f"objectives: {', '.join(entry.metrics)}")
    words = ["search", model, "FOLDER" if is_text else "CSV" if is_number else "digits"]
    if entry.needs_encoder:
        click.echo(f"encoders: your own, or {', '.join(ARCHITECTURES)}")
        words += ["--encoder", "STUDY"]
    print_next_command(*words)


def _space_lines(entry: CatalogEntry, data: DataSpec) -> list[str]:
    """Returns a line for each parameter of each space of a model, in the syntax of `--range`."""
    from ...search_spaces.distributions import describe_distribution
    from ...search_spaces.suggestions import record_parameters
    from ..study.build import untrained_space

    lines = []
    for space in entry.spaces:
        lines.append(f"space {space}:")
        found = record_parameters(untrained_space(entry, space), data).distributions
        lines += [f"  --range {n:<16} {describe_distribution(d)}" for n, d in found.items()]
    return lines


def _check_limits_are_known(model: str, limits: Mapping[str, float]) -> None:
    """Raises StudyError if a cost of a model depends on what `list` does not know."""
    if limits and MODELS[model].needs_encoder:
        raise StudyError(f"the costs of {model} depend on its encoder: `search` measures them")
    for name in limits:
        if COSTS[name].needs_weights:
            raise StudyError(f"{name} are measured on the device of training: `search` does so")


def _share_lines(
    entry: CatalogEntry, data: DataSpec, limits: Mapping[str, float]
) -> Iterator[str]:
    if not limits:
        return
    from ..study.build import untrained_space
    from ..study.feasible_share import describe_feasible_share

    for name in entry.spaces:
        space = untrained_space(entry, name)
        yield f"space {name}: {describe_feasible_share(space, data, limits)}"


def _list_auto() -> None:
    """Prints the models that `auto` chooses among, by kind of data and by objective."""
    click.echo(f"{AUTO}: {SUMMARY}; this list is for images of 28x28")
    rows = {}
    for kind, data in EXAMPLE_SPECS.items():
        objective = default_objective(data)
        rows[kind] = f"{objective} of {', '.join(find_candidates(data, [objective]))}"
    _print_rows("searched by", rows)
    labeled = EXAMPLE_SPECS["images, classes"]
    entries = find_fitting_models(labeled).values()
    metrics = dict.fromkeys(name for entry in entries for name in entry.metrics)
    rows = {name: ", ".join(find_candidates(labeled, [name])) for name in metrics}
    _print_rows("objectives, where images have classes", rows)
    click.echo("fewer models: --range model=mlp,cnn; parameters of one: --range cnn.lr=1e-4:1e-3")
    print_next_command("search", AUTO, "digits")


def _print_rows(title: str, rows: Mapping[str, str]) -> None:
    click.echo(f"{title}:")
    for name, line in rows.items():
        click.echo(f"  {name:<{NAME_WIDTH}} {line}")
