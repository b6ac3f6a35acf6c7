"""A configuration that was found: its network, untrained, with its data and a place to go."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from ...objectives.objective import Objective
from ...search_spaces.space_errors import SpaceError
from ...search_spaces.suggestions import replay
from ...storage.best_toml import Best
from ...storage.runs_folder import Runs
from ..study.build import build_spec
from ..study.confirmed import Confirmed
from ..study.recipe import Recipe
from ..study.study_error import StudyError
from ..study.study_lookup import find_configuration
from .final_training import final_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingSetup:
    """What final training begins with.

    Attributes:
        best: The configuration.
        target: Where its training goes.
        is_trial: Whether it is that of a trial, and no file that was changed.
        recipe: What its study is made of.
        objective: What its trials were worth.
        data: The data module, whose `spec` is a `DataSpec`.
        model: The network, with the first weights of the trial.
        seed: The seed of the trial.
    """

    best: Best
    target: Path
    is_trial: bool
    recipe: Recipe
    objective: Objective
    data: Any
    model: pl.LightningModule
    seed: int


def setup_with_seed(
    best: Best, recipe: Recipe, objective: Objective, target: Path, seed: int
) -> TrainingSetup:
    """Returns a configuration with a network and data that another seed has made."""
    pl.seed_everything(seed, verbose=False)
    data = objective.data()
    model = replay(objective.model, best.params, data.spec)
    return TrainingSetup(best, target, False, recipe, objective, data, model, seed)


def load_training_setup(
    source: str, runs: Runs, storage: str | None, data_dir: str | Path | None
) -> TrainingSetup:
    """Builds the network of a configuration as its trial did, after seeding everything.

    Args:
        source: `STUDY`, `STUDY:17`, or the path of a best.toml.
        runs: The runs folder.
        storage: Optuna URL of the database, if it is not in that folder.
        data_dir: Where torchvision data lies, if elsewhere than in the search.

    Raises:
        StudyError: If there is no such study or trial, or the data are others than it searched.
        SpaceError: If a value is missing, unknown or out of range.
        DataError: If the data is missing or broken.
    """
    best = find_configuration(source, runs, storage)
    target, is_trial = final_folder(source, best, runs, storage)
    if not is_trial:
        best = replace(best, trial=None)
    seed = best.provenance.get("seed")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise StudyError(f"{source} has no whole number from 0 on as the seed of its provenance")
    confirmed = best.provenance.get("confirmed")
    if confirmed and not source.endswith(".toml"):  # a file may say anything
        log.info("%s", Confirmed(**confirmed))
    recipe = Recipe.from_table(best.recipe, runs, storage).at(data_dir)
    objective = build_spec(recipe, runs).objective
    pl.seed_everything(seed, verbose=False)
    data = objective.data()
    check_fingerprint(best, data)
    try:
        model = replay(objective.model, best.params, data.spec)
    except SpaceError as error:
        raise SpaceError(f"{source}: {error}") from error
    return TrainingSetup(best, target, is_trial, recipe, objective, data, model, seed)


def check_fingerprint(best: Best, data: Any) -> None:
    """Checks that data are those that a configuration was searched on.

    Raises:
        StudyError: If they are not.
    """
    now, then = getattr(data, "fingerprint", None), best.provenance.get("data_fingerprint")
    if now != then:
        raise StudyError(
            f"the data are not those that {best.study!r} was searched on "
            f"(fingerprint {then} there, {now} here): search them by `name=` as a new study"
        )
