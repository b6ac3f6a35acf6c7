"""The verb `list`: what can be searched, on which data."""

import click

from .common import say_next

EXAMPLE = (1, 28, 28)  # the shape of an image


@click.command("list")
@click.argument("model", required=False)
def list_(model: str | None) -> None:
    """List what can be searched, and on which data; of a MODEL, what varies in it.

    Example: latentune list conv-ae
    """
    from ...objectives.data.builtin import DATASETS
    from ...search_spaces.catalog.models import MODELS

    if model is not None:
        _list_spaces(model)
        return
    click.echo("models:")
    for name, entry in MODELS.items():
        click.echo(f"  {name:<14} {entry.summary}; spaces: {', '.join(entry.spaces)}")
    click.echo("data:")
    for name, load in DATASETS.items():
        click.echo(f"  {name:<14} {(load.__doc__ or '').splitlines()[0]}")
    click.echo("  FOLDER         Any folder of images; its folders, if any, are the classes.")
    click.echo("  ARRAY          A .npy or .npz file of images or of rows of a table.")
    say_next("search", next(iter(MODELS)), next(iter(DATASETS)))


def _list_spaces(model: str) -> None:
    """Prints the parameters that each space of a model varies, for `--range` and `--fix`."""
    from ...models.data_spec import DataSpec
    from ...search_spaces.catalog.models import MODELS
    from ...search_spaces.watch import describe, probe
    from ..errors import check_choice
    from ..making import untrained_space

    check_choice("model", model, MODELS)
    entry = MODELS[model]
    data = DataSpec(EXAMPLE, classes=("a", "b"))
    click.echo(f"{model}: {entry.summary}; the ranges are those for images of {data}")
    for space in entry.spaces:
        click.echo(f"space {space}:")
        found = probe(untrained_space(entry, space), data).distributions
        for name, distribution in found.items():
            click.echo(f"  --range {name:<14} {describe(distribution)}")
    click.echo(f"objectives: {', '.join(entry.metrics)}")
    words = ["digits", "--encoder", "STUDY"] if entry.on_encoder else ["digits"]
    say_next("search", model, *words)
