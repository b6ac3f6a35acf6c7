"""Opening the study of a search, or creating this study."""

import logging
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna

from ...models.errors import LatentuneError
from ...storage.artifact_store import study_bucket
from ...storage.atomic_write import atomic_file
from ...storage.checkpoint_file import read_header
from ...storage.dashboard_server import write_note
from ...storage.database import database_exists, open_database
from ...storage.path_checks import relative_to_root
from ...storage.storage_error import StorageError, unwritable_path_error
from ...storage.study_record import (
    EncoderSource,
    Origin,
    RecipeTable,
    StudyRecord,
    is_latentune_study,
    read_study_record,
    write_study_record,
)
from ...storage.study_summary import Study
from ..study.definition import comparable_entries, definition_differences
from ..study.recipe import Recipe
from ..study.study_error import StudyError
from ..study.study_lookup import open_study
from ..transfer.past_studies import add_learned_points, data_size
from ..transfer.reusable_trials import add_reusable_trials
from .search_plan import SearchPlan

N_CHECKED = 5  # a model that fails in half of its space passes in 97 of 100 spaces
log = logging.getLogger(__name__)


def open_or_create_study(plan: SearchPlan, command: str) -> Study:
    """Returns the study of a search; creates the study and its database if they do not exist.

    A new study records `command`, the command line or the call that started the search.

    Raises:
        StudyError: If the study exists with another definition.
        StorageError: If the database cannot be used, or the pictures of an existing study are in
            another place than in the plan.
    """
    with plan.hold_lock():
        study = _open_existing_study(plan)
        if study is not None:
            if plan.reusable_trials is not None:  # the other study may have new trials
                add_reusable_trials(study, plan.reusable_trials)
            if plan.learned_points and read_study_record(study).learned_from is None:
                log.info("%s exists: only a new study learns from other studies", plan.name)
            return study
    _check_objective(plan)
    with plan.hold_lock():
        return _open_existing_study(plan) or _create_study(plan, command)


def _check_objective(plan: SearchPlan) -> None:
    """Trains a batch with random parameters, to find bugs before a study is created.

    After an error, other parameters are tried. If all fail, the first error is raised.
    """
    errors: list[Exception] = []
    for trial in plan.points.random_trials(N_CHECKED):
        try:
            plan.spec.objective.sanity_check(trial)
        except LatentuneError:
            raise  # whatever the parameters are
        except Exception as error:
            errors.append(error)
        else:
            return
    raise errors[0]


def _open_existing_study(plan: SearchPlan) -> Study | None:
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
        if not definition_differences(*map(comparable_entries, (before, plan.definition))):
            ways += f", or one that takes over what fits by `origin=` {plan.name}"
        raise StudyError(f"study {plan.name!r} exists and differs: {'; '.join(differing)}. {ways}")
    if plan.bucket != (bucket := study_bucket(study)):
        raise StorageError(
            f"study {plan.name!r} keeps its pictures in {bucket or plan.runs.artifacts}, not in "
            f"{plan.bucket or plan.runs.artifacts}: leave out `artifacts=`"
        )
    return study


def _is_incomplete(study: optuna.Study) -> bool:
    """Returns True if a search began to create this study and was killed before the end."""
    is_ours = study.user_attrs.keys() <= StudyRecord.model_fields.keys()
    return is_ours and "command" in study.user_attrs and not is_latentune_study(study)


def _create_study(plan: SearchPlan, command: str) -> Study:
    """Returns a new study; if a killed search left an incomplete one, completes that one.

    The definition of a study is written last. A study without a definition is incomplete.
    """
    metrics = plan.spec.objective.metrics
    storage = open_database(plan.storage, create=True)
    optuna.create_study(
        study_name=plan.name,
        storage=storage,
        directions=list(metrics.values()),
        load_if_exists=True,
    )
    study = Study(study_name=plan.name, storage=storage)
    write_study_record(study, StudyRecord(command=command))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(list(metrics))  # for the dashboard
    recipe, facts = plan.recipe, dict[str, Any]()
    if recipe.has_own_encoder:
        recipe = _copy_encoder_to_runs(plan)
        header = read_header(Path(str(recipe.encoder)))
        facts["encoder_source"] = EncoderSource(
            study=header.study,
            trial=header.trial,
            checkpoint=plan.runs.inside(Path(str(recipe.encoder))),
            hash=str(recipe.encoder_hash),
        )
    if plan.bucket is not None:
        facts["artifacts"] = plan.bucket
    if plan.reusable_trials is not None:
        facts["origin"] = Origin(study=plan.reusable_trials.study)
    if plan.learned_points is not None:
        facts["learned_from"] = plan.learned_points.origins
    facts["data_size"] = data_size(plan.spec.objective.data())
    table = RecipeTable(**recipe.to_table(plan.runs))
    write_study_record(study, StudyRecord(recipe=table, metrics=dict(metrics), **facts))
    write_note(study, command, plan.definition)
    if plan.reusable_trials is not None:
        add_reusable_trials(study, plan.reusable_trials)
    for values in plan.first:
        study.enqueue_trial(dict(values), skip_if_exists=True)
    if plan.learned_points is not None:
        add_learned_points(study, plan.learned_points)
    write_study_record(study, StudyRecord(definition=dict(plan.definition)))
    return study


def _copy_encoder_to_runs(plan: SearchPlan) -> Recipe:
    """Returns the recipe of the plan, with a path of the encoder inside the runs folder.

    A file outside the runs folder is copied into it. The runs folder can then be moved with all
    that its studies need.
    """
    encoder = Path(str(plan.recipe.encoder))
    if relative_to_root(encoder, plan.runs.root) is not None:
        return plan.recipe
    copy = plan.runs.encoder(plan.name)
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(copy) as partial:
            shutil.copyfile(encoder, partial)
    except OSError as error:
        raise unwritable_path_error(copy, error) from error
    log.info("the encoder is copied from %s to %s", encoder, copy)
    return replace(plan.recipe, encoder=str(copy))
