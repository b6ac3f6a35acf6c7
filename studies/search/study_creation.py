"""Opening the study of a search: the one that is there, or a new one, whole or not at all."""

import logging
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import optuna

from ...models.networks.architectures import ARCHITECTURES
from ...search_spaces.suggestions import random_trials
from ...storage.artifact_store import study_bucket
from ...storage.atomic_write import atomic_file
from ...storage.dashboard_server import write_note
from ...storage.database import database_exists, open_database
from ...storage.recorded_paths import relative_to_root
from ...storage.storage_error import StorageError, write_error
from ...storage.study_record import (
    Origin,
    RecipeTable,
    StudyRecord,
    is_latentune_study,
    read_study_record,
    write_study_record,
)
from ...storage.study_summary import Study
from ..study.definition import definition_differences, without_ranges
from ..study.lineage import find_encoder_source
from ..study.recipe import Recipe
from ..study.study_error import StudyError
from ..study.study_lookup import open_study
from ..transfer.reusable_trials import add_reusable_trials
from .search_plan import SearchPlan

log = logging.getLogger(__name__)


def open_or_create_study(plan: SearchPlan, command: str) -> Study:
    """Opens the study, or makes it and its database, while no other search does.

    Args:
        plan: The search.
        command: What the user typed; it is kept on the study.

    Raises:
        StudyError: If it exists with another definition.
        StorageError: If it keeps its pictures elsewhere, or the database cannot be used.
    """
    with plan.hold_lock():
        study = _open_existing(plan)
        if study is not None:
            if plan.reusable_trials is not None:  # which may have grown since
                add_reusable_trials(study, plan.reusable_trials)
            return study
    plan.spec.objective.sanity_check(random_trials(1)[0])
    with plan.hold_lock():
        return _open_existing(plan) or _create_study(plan, command)


def _open_existing(plan: SearchPlan) -> Study | None:
    if not database_exists(plan.storage):
        return None
    storage = open_database(plan.storage)
    if plan.name not in optuna.get_all_study_names(storage):
        return None
    if _is_incomplete(optuna.load_study(study_name=plan.name, storage=storage)):
        return None
    study = open_study(storage, plan.name)
    before = read_study_record(study).definition
    if differing := definition_differences(before, plan.definition):
        ways = "Repeat its options, or give this search a new study by `name=`"
        if not definition_differences(without_ranges(before), without_ranges(plan.definition)):
            ways += f", or one that takes over what fits by `origin=` {plan.name}"
        raise StudyError(f"study {plan.name!r} exists and differs: {'; '.join(differing)}. {ways}")
    if plan.bucket != (own := study_bucket(study)):
        raise StorageError(
            f"study {plan.name!r} keeps its pictures in {own or plan.runs.artifacts}, not in "
            f"{plan.bucket or plan.runs.artifacts}: leave out `artifacts=`"
        )
    return study


def _is_incomplete(study: optuna.Study) -> bool:
    """Returns whether a search was killed while it created this study, before any training."""
    known = study.user_attrs.keys() <= StudyRecord.model_fields.keys()
    return known and "command" in study.user_attrs and not is_latentune_study(study)


def _create_study(plan: SearchPlan, command: str) -> Study:
    """Makes a study, or completes one that is half made: it has its definition in the end."""
    objective = plan.spec.objective
    storage = open_database(plan.storage, create=True)
    optuna.create_study(
        study_name=plan.name,
        storage=storage,
        directions=list(objective.metrics.values()),
        load_if_exists=True,
    )
    study = Study(study_name=plan.name, storage=storage)
    write_study_record(study, StudyRecord(command=command))  # marks it as incomplete until then
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(list(objective.metrics))  # what the dashboard calls them
    recipe = _with_local_encoder(plan)
    table = RecipeTable(**recipe.to_table(plan.runs))
    write_study_record(study, StudyRecord(recipe=table, metrics=dict(objective.metrics)))
    if recipe.encoder is not None and recipe.encoder not in ARCHITECTURES:
        source = find_encoder_source(recipe, plan.runs)
        write_study_record(study, StudyRecord(encoder_source=source))
    if plan.bucket is not None:
        write_study_record(study, StudyRecord(artifacts=plan.bucket))
    write_note(study, command, plan.definition)
    if plan.reusable_trials is not None:
        origin = Origin(study=plan.reusable_trials.study)
        write_study_record(study, StudyRecord(origin=origin))
        add_reusable_trials(study, plan.reusable_trials)
    for values in plan.first:
        study.enqueue_trial(dict(values), skip_if_exists=True)
    write_study_record(study, StudyRecord(definition=dict(plan.definition)))
    return study


def _with_local_encoder(plan: SearchPlan) -> Recipe:
    """Returns the recipe of a search, whose encoder lies in the runs folder: else it is copied.

    So the study can be moved and sent to others, and what it records leads nowhere else.
    """
    recipe = plan.recipe
    if recipe.encoder is None or recipe.encoder in ARCHITECTURES:
        return recipe
    if relative_to_root(Path(recipe.encoder), plan.runs.root) is not None:
        return recipe
    own = plan.runs.encoder(plan.name)
    try:
        own.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(own) as partial:
            shutil.copyfile(recipe.encoder, partial)
    except OSError as error:
        raise write_error(own, error) from error
    log.info("the encoder is copied from %s to %s", recipe.encoder, own)
    return replace(recipe, encoder=str(own))
