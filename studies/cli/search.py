"""The verb `search`."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from ...objectives.data.sources.builtin_datasets import DATASETS
from ...search_spaces.catalog.candidates import AUTO
from ...search_spaces.catalog.models import MODELS
from ..study.defaults import TRIALS_PER_WORKER
from ..study.search_options import ClusterOptions, Place, SearchOptions
from ..study.study_options import StudyOptions
from .next_command import (
    command_line,
    next_study_command,
    print_next_command,
    report_interruption,
)
from .verb_options import SuggestedText, allow_option, declare_options

if TYPE_CHECKING:
    import optuna

    from ...storage.runs_folder import Runs
    from ..study.recipe import Recipe


@click.command()
@click.argument("model", type=SuggestedText([*MODELS, AUTO]))
@click.argument("data", required=False, type=SuggestedText(DATASETS))
@declare_options(StudyOptions, SearchOptions, ClusterOptions, Place, defaults={"workers": None})
@allow_option
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print the resolved search, and how long it would take by two measured batches.",
)
@click.pass_obj
def search(
    started_at: float | None, /, model: str, data: str | None, dry_run: bool, **options: Any
) -> None:
    """Search the configurations of a model, or continue a search.

    MODEL is a model of `latentune list`, or your own module:SPEC, which brings its data. DATA is
    a known data set, or a folder or file of yours: images, an array, a CSV, texts. DATA alone, or
    the MODEL auto, chooses the model too, among those that fit.

    Example: latentune search conv-ae fashion-mnist --space published --trials 15
    """
    from ..study.catalog_recipe import check_words
    from ..study.option_fields import pick_options
    from ..study.recipe import Recipe, resolve_model_and_data

    recipe = Recipe.create(
        *resolve_model_and_data(model, data), pick_options(StudyOptions, options)
    )
    check_words(recipe)
    _announce_search(recipe, options["trials"])
    may_fork = "torch" not in sys.modules  # so PyTorch has not computed
    from ..display.progress_display import SearchProgress, show_progress
    from ..search.coordinator import Coordinator
    from ..search.fork_server import start_fork_server
    from ..search.search_plan import plan_search
    from ..study.garbage_collection import start_garbage_collection
    from .study_tables import print_plan

    has_workers = _may_have_several_workers(options["workers"], options["trials"])
    if may_fork and has_workers and options["cluster"] is None and not dry_run:
        start_fork_server(fork=True)
    start_garbage_collection()
    show_progress()
    plan = plan_search(model, data, started_at=started_at, **options)
    if dry_run:
        from ..search.dry_run import dry_run as measure

        print_plan(plan, measure(plan).rows())
        return
    command = command_line(*sys.argv[1:])
    with (
        report_interruption("no trial is left running", repeat=True),
        SearchProgress(*plan.progress_arguments) as progress,
    ):
        found = Coordinator(plan, [progress]).run(command)
    _print_outcome(found, plan.runs)


def _announce_search(recipe: "Recipe", trials: int | None) -> None:
    """Prints the plan of a search on a terminal, as far as it is known before the imports."""
    from ..check.finding import count
    from ..study.catalog_recipe import catalog_entry, objective_metrics

    if not sys.stderr.isatty():
        return
    parts = [f"{recipe.model} on {recipe.data}" if recipe.data else recipe.model]
    if ":" in recipe.model:
        parts += [count(trials, "trial")] if trials else []
    else:
        entry = catalog_entry(recipe)
        epochs = (recipe.epochs or entry.epochs) * (recipe.folds or recipe.repeats)
        trials = trials or entry.trials
        parts.append(f"{count(trials, 'trial')} of {count(epochs, 'epoch')}")
        if recipe.model != AUTO:  # its objectives depend on the data
            metrics = objective_metrics(recipe, entry)
            parts += [f"{way} {name}" for name, way in metrics.items()]
    click.echo(", ".join(parts), err=True)


def _print_outcome(study: "optuna.Study", runs: "Runs") -> None:
    from ..study.leaderboard import chooses_model
    from .study_tables import describe_confirmed, print_leaderboard

    for line in describe_confirmed(study):
        click.echo(line)
    if not study.best_trials:
        print_next_command("status", study.study_name)
        return
    if chooses_model(study):
        print_leaderboard(study)
    if len(study.directions) > 1:
        click.echo(f"wrote {runs.front(study.study_name)}")
    print_next_command(*next_study_command(study))


def _may_have_several_workers(workers: int | None, trials: int | None) -> bool:
    """Returns True if the search will probably have several workers.

    The exact default of `workers` is known only after PyTorch is imported.
    """
    if workers is not None:
        return workers > 1
    return (trials is None or trials > TRIALS_PER_WORKER) and (os.cpu_count() or 1) > 1
