"""The verb `list`: what can be searched, on which data."""

from collections.abc import Mapping

import click

from .next_command import print_next_command

IMAGE = (1, 28, 28)
"""The shape of an image, where no other is known."""
NAME_WIDTH = 19
FILE_KINDS = {
    "FOLDER": "A folder of images; its folders, if any, are the classes.",
    "FOLDER of .txt": "Texts, such as names: a file a class, a line a text.",
    "CSV": "A table; or texts with their classes; or paths of images with theirs.",
    "ARRAY": "A .npy or .npz file of images or of rows of a table.",
}
"""What else can be data."""


@click.command("list")
@click.argument("model", required=False)
def list_(model: str | None) -> None:
    """List models and data; of a MODEL, what varies in it.

    Example: latentune list conv-ae
    """
    from ...objectives.data.sources.builtin_datasets import DATASETS
    from ...search_spaces.catalog.candidates import AUTO, SUMMARY
    from ...search_spaces.catalog.models import FAMILIES, MODELS

    if model is not None:
        (_list_auto if model == AUTO else _list_spaces)(model)
        return
    _print_rows("all of them", {AUTO: SUMMARY})
    for family, entries in FAMILIES.items():
        rows = {n: f"{e.summary}; spaces: {', '.join(e.spaces)}" for n, e in entries.items()}
        _print_rows(family, rows)
    known = {name: (load.__doc__ or "").splitlines()[0] for name, load in DATASETS.items()}
    _print_rows("data", known | FILE_KINDS)
    print_next_command("search", next(iter(MODELS)), next(iter(DATASETS)))


def _print_rows(title: str, rows: Mapping[str, str]) -> None:
    click.echo(f"{title}:")
    for name, line in rows.items():
        click.echo(f"  {name:<{NAME_WIDTH}} {line}")


def _list_spaces(model: str) -> None:
    """Prints the parameters that each space of a model varies, for `--range` and `--fix`."""
    from dataclasses import replace

    from ...models.data_spec import DataSpec
    from ...models.networks.architectures import ARCHITECTURES
    from ...search_spaces.catalog.candidates import AUTO
    from ...search_spaces.catalog.models import MODELS
    from ...search_spaces.suggestions import describe_distribution, record_parameters
    from ..study.build import untrained_space
    from ..study.study_error import check_choice

    check_choice("model", model, [*MODELS, AUTO])
    entry = MODELS[model]
    text = "image" not in entry.kinds
    data = DataSpec((20,), "text", letters="abc") if text else DataSpec(IMAGE)
    number = entry.predicts == "number"
    data = replace(data, target=(0, 1)) if number else replace(data, classes=("a", "b"))
    example = "texts" if text else f"images of {data}"
    click.echo(f"{model}: {entry.summary}; the ranges are those for {example}")
    for space in entry.spaces:
        click.echo(f"space {space}:")
        found = record_parameters(untrained_space(entry, space), data).distributions
        for name, distribution in found.items():
            click.echo(f"  --range {name:<16} {describe_distribution(distribution)}")
    click.echo(f"objectives: {', '.join(entry.metrics)}")
    if entry.needs_encoder:
        click.echo(f"encoders: your own, or {', '.join(ARCHITECTURES)}")
    data_set = "FOLDER" if text else "CSV" if number else "digits"
    print_next_command(
        "search", model, data_set, *(["--encoder", "STUDY"] if entry.needs_encoder else [])
    )


def _list_auto(model: str) -> None:
    """Prints what can be chosen among, for each kind of data and each objective."""
    from dataclasses import replace

    from ...models.data_spec import DataSpec
    from ...search_spaces.catalog.candidates import (
        SUMMARY,
        default_objective,
        find_candidates,
        find_fitting_models,
    )

    click.echo(f"{model}: {SUMMARY}; these are those for images of 28x28")
    images, table = DataSpec(IMAGE), DataSpec((13,), "table")
    labeled = replace(images, classes=("a", "b"))
    of_data = {
        "images": images,
        "images, classes": labeled,
        "table": table,
        "table, classes": replace(table, classes=("a", "b")),
        "table, number": replace(table, target=(0, 1)),
        "texts, classes": DataSpec((20,), "text", ("a", "b"), letters="abc"),
    }
    rows = {}
    for what, data in of_data.items():
        usual = default_objective(data)
        rows[what] = f"{usual} of {', '.join(find_candidates(data, [usual]))}"
    _print_rows("searched by", rows)
    metrics = dict.fromkeys(
        name for entry in find_fitting_models(labeled).values() for name in entry.metrics
    )
    rows = {name: ", ".join(find_candidates(labeled, [name])) for name in metrics}
    _print_rows("objectives, where images have classes", rows)
    click.echo(
        "fewer of them: --range model=mlp,cnn; what varies in one: --range cnn.lr=1e-4:1e-3"
    )
    print_next_command("search", model, "digits")
