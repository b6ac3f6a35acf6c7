"""Finding a study, a trial or a configuration by what the user calls it."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from ...search_spaces.space_errors import did_you_mean
from ...storage.best_toml import Best, read_best_toml
from ...storage.database import database_exists, open_database
from ...storage.runs_folder import Runs, check_study_name
from ...storage.study_summary import STATE_NAMES, Study
from .confirmed import Confirmed
from .defaults import RUNS
from .pareto_choice import KNEE, choose_preferred
from .public_api import public_api
from .study_error import StudyError

REQUIRED_STUDY_ATTRIBUTES = {"definition": dict, "recipe": dict, "monitor": str, "command": str}
"""The attributes of a study that all else relies on."""
REQUIRED_TRIAL_ATTRIBUTES = {"best_epoch": int, "hparams": dict, "provenance": dict}
"""Those of a trial that can be trained again."""


def open_study(storage: BaseStorage, name: str) -> Study:
    """Returns a study that Latentune made.

    Raises:
        StudyError: If there is none of this name.
    """
    names = optuna.get_all_study_names(storage)
    if name not in names:
        hint = did_you_mean(name, names) if names else "there are none yet"
        raise StudyError(f"there is no study {name!r}; {hint}")
    study = Study(study_name=name, storage=storage)
    attrs = study.user_attrs
    if "definition" not in attrs:
        raise StudyError(f"study {name!r} was not made by latentune; choose another by `name=`")
    for entry, kind in REQUIRED_STUDY_ATTRIBUTES.items():
        whole = isinstance(attrs.get(entry), kind)
        if entry == "monitor" and whole:
            whole = len(attrs[entry].split(", ")) == len(study.directions)
        if not whole:
            raise StudyError(f"study {name!r} has lost its {entry}: it was changed by others")
    return study


def best_configuration(
    study: optuna.Study, number: int | None = None, preference: str | None = None
) -> Best:
    """Returns the configuration of a study's best trial, or of the trial with a number.

    If one has been confirmed, that is the best one, and its value is the mean over its seeds.

    Args:
        study: The study.
        number: Number of the trial; None for the best one.
        preference: Which of the best ones, if the study has several objectives; see
        `choose_preferred`.

    Raises:
        StudyError: If no trial is complete, there is no such trial with a value, or it is not
            said which of the best ones is meant.
    """
    if preference is not None and (number is not None or len(study.directions) == 1):
        raise StudyError("`choose_preferred=` chooses among the best trials of several objectives")
    several = number is None and len(study.directions) > 1
    confirmed = Confirmed.of(study) if number is None else None
    if confirmed is not None:
        trial = get_trial(study, confirmed.trial)
    else:
        trial = (
            choose_preferred(study, preference)
            if several
            else _best_or_numbered_trial(study, number)
        )
    attrs = trial_attributes(trial)
    names = study.user_attrs["monitor"].split(", ")
    return Best(
        study=study.study_name,
        trial=trial.number,
        monitor=names[0],
        value=trial.values[0] if confirmed is None else confirmed.mean,
        best_epoch=attrs["best_epoch"],
        recipe=study.user_attrs["recipe"],
        params=trial.params,
        hparams=attrs["hparams"],
        provenance={
            "command": study.user_attrs["command"],
            **attrs["provenance"],
            "values": dict(zip(names, trial.values, strict=True)),
            "confirmed": None if confirmed is None else asdict(confirmed),
        },
    )


def trial_attributes(trial: FrozenTrial) -> dict[str, Any]:
    """Returns what our searches record on a trial.

    Raises:
        StudyError: If the trial was added by others, and lacks it.
    """
    for entry, kind in REQUIRED_TRIAL_ATTRIBUTES.items():
        if not isinstance(trial.user_attrs.get(entry), kind):
            raise StudyError(
                f"trial {trial.number} was not run by latentune: it has no {entry}; choose another"
            )
    return trial.user_attrs


def find_configuration(source: str, runs: Runs, storage: str | None = None) -> Best:
    """Returns the configuration that `best.toml`, `STUDY` or `STUDY:17` names.

    Raises:
        StudyError: If there is no such study or trial.
        StorageError: If the file or the database cannot be read.
    """
    if source.endswith(".toml"):
        return read_best_toml(Path(source))
    name, number = split_trial_number(source)
    return best_configuration(open_study(open_database(storage or runs.database), name), number)


def split_trial_number(source: str) -> tuple[str, int | None]:
    """Splits `STUDY` or `STUDY:17` into the name and the trial's number.

    Raises:
        StudyError: If what follows the colon is no number.
        StorageError: If what stands before it cannot name a study.
    """
    name, colon, number = source.partition(":")
    if colon and not (number.isdecimal() and len(number) < 10):
        raise StudyError(f"{number!r} in {source!r} is no trial number")
    return check_study_name(name), int(number) if colon else None


def known_studies(runs: Runs) -> list[str]:
    """Returns the names of all studies of a runs folder: in its database, or trained there."""
    names = {path.parents[1].name for path in runs.root.glob("*/*/model.ckpt")}
    if database_exists(runs.database):
        names |= set(optuna.get_all_study_names(open_database(runs.database)))
    return sorted(names)


def check_study_exists(name: str, runs: Runs) -> None:
    """Checks that a runs folder has a study, or knows none at all.

    Raises:
        StudyError: If it has others alone.
    """
    known = known_studies(runs)
    if known and name not in known:
        raise StudyError(f"there is no study {name!r} in {runs.root}; {did_you_mean(name, known)}")


def training_command(source: str, runs: Runs) -> str:
    """Returns the command that trains a study's best trial, or the trial that is named.

    Of several objectives, it is the one that chooses among the best trials.
    """
    place = [] if str(runs.root) == RUNS else ["--runs", str(runs.root)]
    words = ["train", source]
    if database_exists(runs.database) and _is_multi_objective(
        open_database(runs.database), source
    ):
        words = ["best", source, "--prefer", KNEE]
    return shlex.join(["latentune", *words, *place])


def _is_multi_objective(storage: BaseStorage, name: str) -> bool:
    """Returns whether there is a study of this name, and it has several objectives."""
    known = name in optuna.get_all_study_names(storage)
    return known and len(open_study(storage, name).directions) > 1


@public_api
def load_best(source: str | Path, runs: str | Path = RUNS) -> Best:
    """Reads the best configuration of a study, as `search` and `best` wrote it.

    Args:
        source: Name of the study, or path of a best.toml.
        runs: The folder with all studies.

    Raises:
        StorageError: If the file is missing, or not what was written.

    Example:
        >>> sorted(latentune.load_best("conv-ae-digits").params)
        ['l1', 'l2', 'latent_dim', 'lr']
    """
    path = Path(source)
    if path.suffix != ".toml":
        place, name = Runs(Path(runs)), check_study_name(str(source))
        path = place.best(name)
        if not path.exists():
            check_study_exists(name, place)
    return read_best_toml(path)


def get_trial(study: optuna.Study, number: int) -> FrozenTrial:
    """Returns a trial of a study.

    Raises:
        StudyError: If there is none of this number.
    """
    trials = study.get_trials(deepcopy=False)
    if number >= len(trials):
        raise StudyError(
            f"study {study.study_name!r} has no trial {number}: its last is {len(trials) - 1}"
        )
    return trials[number]


def _best_or_numbered_trial(study: optuna.Study, number: int | None) -> FrozenTrial:
    if number is None:
        try:
            return study.best_trial
        except ValueError as error:
            raise StudyError(f"study {study.study_name!r} has no complete trial yet") from error
    trial = get_trial(study, number)
    if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED) or not trial.values:
        raise StudyError(f"trial {number} is {STATE_NAMES[trial.state]}: it has no value")
    return trial
