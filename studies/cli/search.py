"""The verb that searches."""

import os
import re
import shlex
import sys
from typing import Annotated

import typer

from ..defaults import PRUNER, SAMPLER, SEED, SPACE, TRIALS_PER_WORKER
from .common import RUNS_PATH, DataDirOption, RunsOption, StorageOption, UsageError, say_next


def search(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model of the list, or your module:SPEC.")
    ],
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="A data set of the list, or a folder.")
    ] = None,
    space: Annotated[str, typer.Option(help="Search space of the model.")] = SPACE,
    range_: Annotated[
        list[str] | None,
        typer.Option("--range", metavar="NAME=LOW:HIGH[:log]", help="Replace a range."),
    ] = None,
    fix: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Pin a parameter.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="Trials in the study, over all searches.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="20m", help="Start no trial after this time.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes to run trials in.  [default: what fits]")
    ] = None,
    default_first: Annotated[
        bool,
        typer.Option("--default-first/--no-default-first", help="Try the model's defaults first."),
    ] = True,
    epochs: Annotated[int | None, typer.Option(help="Epochs of a trial.")] = None,
    pruner: Annotated[
        str, typer.Option(help="Gives up bad trials: halving, hyperband, median or none.")
    ] = PRUNER,
    sampler: Annotated[
        str, typer.Option(help="Chooses configurations: tpe, gp or random.")
    ] = SAMPLER,
    batch_size: Annotated[int | None, typer.Option(help="Images in a batch.")] = None,
    image_size: Annotated[
        int | None, typer.Option(help="Side that the images of a folder are scaled to.")
    ] = None,
    data_dir: DataDirOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the split, sampler and trials.")] = SEED,
    name: Annotated[
        str | None, typer.Option(help="Name of the study.  [default: MODEL-DATA]")
    ] = None,
    runs: RunsOption = RUNS_PATH,
    storage: StorageOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be searched, and stop.")
    ] = False,
) -> None:
    """Search a model on data; the same command again goes on where it stopped.

    Example: latentune search conv-ae fashion-mnist --space seed --trials 15
    """
    ranges = _assignments("--range", range_) | _assignments("--fix", fix)
    seconds = _seconds(time)
    if _several(workers, trials) and not dry_run:
        from ..forks import warm_up

        warm_up()  # before this process spends seconds on the same imports
    from ..plan import plan_search
    from ..search import run_search
    from .console import SearchLines, show_plan

    plan = plan_search(
        model,
        data,
        space=space,
        ranges=ranges,
        trials=trials,
        seconds=seconds,
        workers=workers,
        default_first=default_first,
        epochs=epochs,
        pruner=pruner,
        sampler=sampler,
        batch_size=batch_size,
        image_size=image_size,
        data_dir=data_dir,
        seed=seed,
        name=name,
        runs=runs,
        storage=storage,
    )
    if dry_run:
        show_plan(plan)
        return
    command = shlex.join(["latentune", *sys.argv[1:]])
    try:
        with SearchLines(plan) as lines:
            study = run_search(plan, command=command, callbacks=[lines])
    except KeyboardInterrupt:
        typer.echo(f"stopped; no trial is left running\ngo on by: {command}")
        raise typer.Exit(130) from None
    found = any(trial.state.name == "COMPLETE" for trial in study.get_trials(deepcopy=False))
    say_next(f"latentune {'train' if found else 'status'} {plan.name}", runs, storage)


def _several(workers: int | None, trials: int | None) -> bool:
    """Guesses, before anything is imported, whether the search will have several workers."""
    if workers is not None:
        return workers > 1
    return (os.cpu_count() or 1) > 1 and (trials is None or trials > TRIALS_PER_WORKER)


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        raise UsageError(f"--time {text!r} is not a time such as 90s, 20m or 1.5h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def _assignments(option: str, texts: list[str] | None) -> dict[str, str]:
    pairs = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"{option} {text!r} is not of the form NAME=VALUE")
        pairs[name] = value
    return pairs
