"""The verbs that use a trained network."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ...objectives.metrics.anomaly_score_names import ALL_SCORES, SCORE_NAMES
from ..display.result import Result
from ..study.defaults import (
    ANOMALY_QUANTILE,
    PROBE_LABELS,
    PROBE_NEIGHBORS,
    PROBE_SEEDS,
    SEED,
    SIMILAR_ITEMS,
)
from ..study.option_text import parse_indices
from .messages import print_result, print_unreadable_inputs
from .next_command import print_next_command
from .verb_options import Choice, Parsed, allow_option, data_dir_option, runs_option

MAX_REPEATED_INPUTS = 3
source_argument = click.argument("source", metavar="STUDY[:TRIAL]|CKPT")
inputs_argument = click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
optional_inputs_argument = click.argument("inputs", nargs=-1, metavar="[INPUT...]")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON array and nothing else."
)


def network_command(function: Callable[..., Result]) -> click.Command:
    """Returns the verb that calls `function`, which takes a `source` and returns a result.

    The verb prints the result and a command to type next. With `as_json`, it prints the result as
    JSON instead. The exit code is 1 if some inputs could not be read.
    """
    verb = function.__name__.removesuffix("_")

    @source_argument
    @wraps(function)
    def run(source: str, runs: Path, as_json: bool = False, **options: Any) -> None:
        from ...storage.checkpoint_file import read_header
        from ...storage.runs_folder import Runs
        from ..display.terminal import output_to_stderr
        from ..study.checkpoint_lookup import checkpoint_path

        read_header(checkpoint_path(source, Runs(runs)))  # a wrong name is refused at once
        from .next_steps import next_network_command

        with output_to_stderr() if as_json else nullcontext():
            result: Any = function(source=source, runs=runs, **options)
        unreadable = getattr(result, "unreadable", {})
        print_unreadable_inputs(unreadable)
        if as_json:
            click.echo(result.to_json())
        else:
            print_result(result)
            print_next_command(*next_network_command(verb, source, Runs(runs)))
        if unreadable:
            raise SystemExit(1)

    return click.command(verb)(allow_option(runs_option(run)))


@click.command()
@source_argument
@inputs_argument
@click.option("--out", metavar="FILE.csv", help="File for all rows.")
@click.option(
    "--quantile",
    type=float,
    help="Share of the validation part below the threshold of anomalies; else the saved one.",
)
@json_option
@data_dir_option
@allow_option
@runs_option
def predict(
    source: str, inputs: tuple[str, ...], as_json: bool, runs: Path, **options: Any
) -> None:
    """Predict new images, rows or texts by a trained network.

    INPUT is a file, a folder, a glob, a text, or - for standard input.

    Example: latentune predict cnn-photos holiday/ --out holiday.csv
    """
    from ...storage.runs_folder import Runs
    from ..display.terminal import output_to_stderr
    from ..use.predict import predict
    from .next_steps import FILE, next_network_command

    with output_to_stderr() if as_json else nullcontext():
        predictions = predict(source, inputs, runs=runs, **options)
    print_unreadable_inputs(predictions.unreadable)
    if as_json:
        click.echo(predictions.to_json())
    else:
        print_result(predictions)
        read = [one for one in inputs if one not in predictions.unreadable and one[:1] != "-"]
        repeated = {FILE: read[:MAX_REPEATED_INPUTS] or [FILE]}
        words = next_network_command("predict", source, Runs(runs))
        print_next_command(*(word for one in words for word in repeated.get(one, [one])))
    if predictions.unreadable:
        raise SystemExit(1)


@network_command
@optional_inputs_argument
@click.option(
    "--out", required=True, metavar="FILE", help="File to write: .npz, .csv or .parquet."
)
@data_dir_option
def encode(inputs: tuple[str, ...], **options: Any) -> Result:
    """Write the latent codes of new items or of the study's own.

    INPUT is a file, a folder, a glob, a text, or - for standard input. Without INPUT, the codes
    are those of the study's own items, with their parts and classes.

    Example: latentune encode conv-ae-photos holiday/ --out codes.npz
    """
    from ..use.encode import encode

    return encode(inputs=inputs or None, **options)


@network_command
@click.option(
    "--labels",
    type=int,
    help=f"Training items that have a label.  [default: {PROBE_LABELS}, at most half]",
)
@click.option("--seeds", default=PROBE_SEEDS, help="How often these items are chosen.")
@click.option(
    "--neighbors", default=PROBE_NEIGHBORS, help="Number of nearest neighbors that vote."
)
@click.option("--seed", default=SEED, help="Seed of the first choice.")
@data_dir_option
def probe(**options: Any) -> Result:
    """Classify latent codes by a few labels, and compare with PCA.

    Example: latentune probe conv-ae-digits --labels 50
    """
    from ..use.probe import probe

    return probe(**options)


@network_command
@click.option("--seed", default=SEED, help="Seed of the images that are plotted.")
@data_dir_option
def compress(**options: Any) -> Result:
    """Compare latent codes of 32, 16 and 8 bits with the items.

    Example: latentune compress conv-ae-digits
    """
    from ..use.compress import compress

    return compress(**options)


@network_command
@click.option(
    "--against",
    required=True,
    metavar="DATA|others",
    help="The other items: a known data set or yours, or the classes that --only left out.",
)
@click.option(
    "--score",
    default=ALL_SCORES,
    type=Choice((*SCORE_NAMES, ALL_SCORES)),
    help="What tells anomalies: the error of the reconstruction, the ELBO, or the latent code.",
)
@click.option(
    "--quantile",
    default=ANOMALY_QUANTILE,
    help="Share of the validation part that is below the threshold.",
)
@click.option("--labeled", metavar="DATA", help="Known anomalies, for a second threshold.")
@click.option("--seed", default=SEED, help="Seed of the choice among known anomalies.")
@data_dir_option
def anomalies(**options: Any) -> Result:
    """Score other items, and tell which are anomalies.

    Example: latentune anomalies conv-ae-digits --against path/to/photos
    """
    from ..use.anomalies import anomalies

    return anomalies(**options)


@network_command
@optional_inputs_argument
@click.option(
    "--items",
    type=Parsed(parse_indices),
    default=(),
    metavar="I,J",
    help="Test items in place of INPUT, by their numbers.",
)
@click.option("--k", type=int, help=f"Number of nearest items.  [default: {SIMILAR_ITEMS}]")
@click.option(
    "--among",
    metavar="DATA",
    help="The items to choose from: a known data set or yours.  [default: the training items]",
)
@click.option("--duplicates", is_flag=True, help="List pairs of items that are nearly the same.")
@click.option("--labels", is_flag=True, help="List items whose neighbors have another label.")
@json_option
@data_dir_option
def similar(inputs: tuple[str, ...], **options: Any) -> Result:
    """Find similar items, near-duplicates or doubtful labels.

    INPUT is a file, a folder, a glob, a text, or - for standard input.

    Example: latentune similar conv-ae-photos holiday/1.png --k 5
    """
    from ..use.similar import similar

    return similar(inputs=inputs or None, **options)
