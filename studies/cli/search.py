"""The verb that searches."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from ...search_spaces.catalog.models import MODELS
from ..study.defaults import (
    AUGMENT,
    AUGMENTATIONS,
    DEFAULT_SPACE,
    PRUNER,
    PRUNERS,
    SAMPLER,
    SAMPLERS,
    SEED,
    TRIALS_PER_WORKER,
)
from .shared_options import (
    UsageError,
    allow_option,
    cluster_options,
    command_line,
    data_dir_option,
    print_next_command,
    runs_option,
    storage_option,
    table_options,
)

SPACES = dict.fromkeys(space for entry in MODELS.values() for space in entry.spaces)


@click.command()
@click.argument("model")
@click.argument("data", required=False)
@click.option(
    "--space", default=DEFAULT_SPACE, help=f"Search space of the model: {', '.join(SPACES)}."
)
@click.option(
    "--range",
    "range_",
    multiple=True,
    metavar="NAME=LOW:HIGH[:log]",
    help="Replace a range: `latentune list MODEL` names them.",
)
@click.option("--fix", multiple=True, metavar="NAME=VALUE", help="Pin a parameter.")
@click.option("--objectives", metavar="A[,B]", help="Metrics to search by; two give a front.")
@click.option(
    "--encoder",
    metavar="STUDY|TOML|CKPT|NAME",
    help="Trained encoder that a head is put on, or a network of torchvision, such as resnet18.",
)
@click.option(
    "--weights",
    metavar="FILE|none",
    help="Weights of a network of torchvision.  [default: those that it publishes]",
)
@click.option("--unfreeze", is_flag=True, help="Train that encoder too.")
@click.option(
    "--enqueue", multiple=True, metavar="TOML", help="Try the configuration of a best.toml first."
)
@click.option(
    "--trials", type=int, help="Trials, over all searches.  [default: of the model, 20 or 30]"
)
@click.option("--time", metavar="20m", help="Start no trial after this time.")
@click.option("--workers", type=int, help="Processes to run trials in.  [default: what fits]")
@cluster_options
@click.option(
    "--default-first/--no-default-first",
    default=True,
    help="Try the model's defaults first.",
)
@click.option("--epochs", type=int, help="Epochs of a training.  [default: of the model, 10]")
@click.option("--repeats", default=1, help="Train each trial so often, with other seeds.")
@click.option("--folds", type=int, help="Train each trial so often, on other folds of the data.")
@click.option(
    "--pruner",
    help=f"Gives up bad trials: {', '.join(PRUNERS)}.  "
    f"[default: {PRUNER}; wilcoxon of repeats and folds]",
)
@click.option("--sampler", default=SAMPLER, help=f"Chooses configurations: {', '.join(SAMPLERS)}.")
@click.option(
    "--from",
    "origin",
    metavar="STUDY",
    help="Go on from a study with other ranges: take over its trials that lie within these.",
)
@click.option(
    "--batch-size",
    type=int,
    help="Images in a batch.  [default: 64, less of small data; 1024 codes]",
)
@click.option(
    "--image-size",
    type=int,
    help="Side that images are scaled to.  [default: their own; in folders up to 64]",
)
@click.option(
    "--normalize/--no-normalize",
    default=None,
    help="Let networks standardize what they see.  [default: tables alone]",
)
@table_options
@click.option("--balanced", is_flag=True, help="Draw each class equally often in training.")
@click.option(
    "--augment", default=AUGMENT, help=f"Vary training images: {', '.join(AUGMENTATIONS)}."
)
@data_dir_option
@allow_option
@click.option("--seed", default=SEED, help="Seed of the split, sampler and trials.")
@click.option("--name", help="Name of the study.  [default: MODEL-DATA]")
@runs_option
@storage_option
@click.option(
    "--artifacts",
    metavar="s3://BUCKET[/FOLDER]",
    help="Keep pictures in a bucket.  [default: in the folder of all studies]",
)
@click.option("--dry-run", is_flag=True, help="Print what would be searched, and stop.")
def search(
    model: str,
    data: str | None,
    range_: tuple[str, ...],
    fix: tuple[str, ...],
    objectives: str | None,
    enqueue: tuple[str, ...],
    trials: int | None,
    time: str | None,
    workers: int | None,
    runs: Path,
    storage: str | None,
    dry_run: bool,
    **options: Any,
) -> None:
    """Search a model on data, or go on with a search.

    MODEL is a model of the list, or your own module:SPEC, which brings its data. DATA is a data
    set of the list, or a folder or file of yours: images, an array, a CSV, texts. DATA alone, or
    the MODEL auto, chooses the model too, among those that fit.

    Example: latentune search conv-ae fashion-mnist --space published --trials 15
    """
    seconds = _parse_seconds(time)
    alone = options["cluster"] is None
    if alone and _has_several_workers(workers, trials) and not dry_run:
        from ..search.fork_server import start_fork_server

        start_fork_server()  # before this process spends seconds on the same imports
    from ..display.progress_display import SearchProgress, show_progress
    from ..search.run_search import run_search
    from ..search.search_plan import plan_search
    from ..study.confirmed import describe_confirmed
    from .leaderboard import chooses_model, print_leaderboard
    from .next_steps import next_study_command
    from .study_tables import print_plan

    show_progress()
    plan = plan_search(
        model,
        data,
        ranges=_parse_assignments("--range", range_) | _parse_assignments("--fix", fix),
        objectives=tuple(objectives.split(",")) if objectives else (),
        enqueue=enqueue,
        trials=trials,
        seconds=seconds,
        workers=workers,
        runs=runs,
        storage=storage,
        **options,
    )
    if dry_run:
        print_plan(plan)
        return
    command = command_line(*sys.argv[1:])
    try:
        with SearchProgress(*plan.progress_arguments) as lines:
            study = run_search(plan, command=command, callbacks=[lines])
    except KeyboardInterrupt:
        click.echo(f"stopped; no trial is left running\ngo on by: {command}")
        raise SystemExit(130) from None
    for line in describe_confirmed(study):
        click.echo(line)
    found = bool(study.best_trials)
    if found and chooses_model(study):
        print_leaderboard(study)
    if found and len(study.directions) > 1:
        click.echo(f"wrote {plan.runs.front(plan.name)}")
    print_next_command(*(next_study_command(study) if found else ["status", plan.name]))


def _has_several_workers(workers: int | None, trials: int | None) -> bool:
    """Guesses, before anything is imported, whether the search will have several workers."""
    if workers is not None:
        return workers > 1
    return (os.cpu_count() or 1) > 1 and (trials is None or trials > TRIALS_PER_WORKER)


def _parse_seconds(text: str | None) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        raise UsageError(f"--time {text!r} is not a time such as 90s, 20m or 1.5h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def _parse_assignments(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"{option} {text!r} is not of the form NAME=VALUE")
        pairs[name] = value
    return pairs
