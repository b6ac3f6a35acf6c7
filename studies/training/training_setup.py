"""The setup of final training: a configuration with its untrained network, data and folder."""

import logging
from dataclasses import dataclass, replace
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any

import optuna
import pytorch_lightning as pl

from ...objectives.data.batches import set_batch_size
from ...objectives.objective import Objective
from ...search_spaces.space_errors import SpaceError
from ...search_spaces.suggestions import replay
from ...storage.best_toml import Best
from ...storage.database import database_exists, open_database
from ...storage.record import validate
from ...storage.runs_folder import Runs, check_study_name
from ...storage.study_export import params_key
from ...storage.study_record import Confirmed, read_study_record
from ..study.build import build_spec
from ..study.recipe import Recipe
from ..study.study_error import StudyError
from ..study.study_lookup import (
    best_configuration,
    find_configuration,
    open_study,
    split_trial_number,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingSetup:
    """A configuration, and everything that final training needs to begin.

    Attributes:
        best: The configuration.
        target: The folder of the training.
        is_trial: Whether a trial of the study has this configuration; False for an edited file.
        recipe: The recipe of the study.
        objective: The objective of the study.
        data: The data module.
        model: The network; its initial weights are those of the trial.
        seed: The seed of the training.
    """

    best: Best
    target: Path
    is_trial: bool
    recipe: Recipe
    objective: Objective
    data: Any
    model: pl.LightningModule
    seed: int

    def make_data(self) -> Any:
        """Returns a new data module with the batch size of the configuration."""
        data = self.objective.data()
        set_batch_size(data, self.best.params)
        return data


def build_setup(
    best: Best, recipe: Recipe, runs: Runs, target: Path, seed: int, *, is_trial: bool = False
) -> TrainingSetup:
    """Seeds all random generators, and returns a setup with a new network and new data."""
    objective = build_spec(recipe, runs).objective
    pl.seed_everything(seed, verbose=False)
    data = objective.data()
    check_fingerprint(best, data)
    model = replay(objective.model, best.params, data.spec)
    set_batch_size(data, best.params)
    return TrainingSetup(best, target, is_trial, recipe, objective, data, model, seed)


def load_training_setup(
    source: str, runs: Runs, storage: str | None, data_dir: str | Path | None
) -> TrainingSetup:
    """Returns the setup of `source`, which is `STUDY`, `STUDY:17` or the path of a best.toml.

    The network has the same initial weights as in the trial.
    """
    best = find_configuration(source, runs, storage)
    target, is_trial = _final_folder(source, best, runs, storage)
    if not is_trial:
        best = replace(best, trial=None)
    seed = best.provenance.get("seed")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise StudyError(f"{source} has no seed in its provenance: it must be an integer from 0")
    confirmed = best.provenance.get("confirmed")
    if confirmed and not source.endswith(".toml"):  # a file may have been edited
        log.info("%s", validate(Confirmed, confirmed, source))
    recipe = Recipe.from_table(best.recipe, runs, storage).at(data_dir)
    try:
        return build_setup(best, recipe, runs, target, seed, is_trial=is_trial)
    except SpaceError as error:
        raise SpaceError(f"{source}: {error}") from error


def check_fingerprint(best: Best, data: Any) -> None:
    """Raises StudyError if `data` are not the data of the search that found `best`."""
    now, then = getattr(data, "fingerprint", None), best.provenance.get("data_fingerprint")
    if now != then:
        raise StudyError(
            f"the data differ from those that {best.study!r} was searched on (fingerprint {then} "
            f"there, {now} here): search them as a new study with another `name=`"
        )


def _final_folder(source: str, best: Best, runs: Runs, storage: str | None) -> tuple[Path, bool]:
    """Returns the folder of a final training, and whether a trial has its configuration.

    The folder is `final` for the best trial, and `final-17` for trial 17. If `source` is a .toml
    file, the study may have the trial that the file names, with equal parameters: the folder is
    then that of the trial. Otherwise, the folder is named after a hash of the parameters.
    """
    check_study_name(best.study)
    if not source.endswith(".toml"):
        return runs.final(best.study, split_trial_number(source)[1]), True
    study = _study_with_trial(best, storage or runs.database)
    if study is None:
        content = [best.recipe, best.params, best.provenance.get("seed")]
        name = sha256(dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:8]
        return runs.config(best.study, name), False
    is_best = len(study.directions) == 1 and best_configuration(study).trial == best.trial
    return runs.final(best.study, None if is_best else best.trial), True


def _study_with_trial(best: Best, url: str) -> optuna.Study | None:
    """Returns the study of a configuration, or None if its trial has other parameters or is lost.

    The trial is the one that the configuration names.
    """
    if best.trial is None or not database_exists(url):
        return None
    try:
        study = open_study(open_database(url), best.study)
    except StudyError:
        return None
    trials = study.get_trials(deepcopy=False)
    if not 0 <= best.trial < len(trials):
        return None
    is_same = params_key(trials[best.trial].params) == params_key(best.params)
    return study if is_same and read_study_record(study).full_recipe == best.recipe else None
