"""Finding a study, a trial or a configuration by what the user calls it."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from ...search_spaces.words import did_you_mean
from ...storage.best import Best, read_best
from ...storage.database import database_exists, open_database
from ...storage.runs import Runs, check_name
from ...storage.study import STATES, Study
from .confirmed import Confirmed
from .defaults import RUNS
from .errors import StudyError
from .facade import public
from .front import KNEE, prefer

ENTRIES = {"definition": dict, "recipe": dict, "monitor": str, "command": str}
"""The attributes of a study that all else relies on."""
RECORD = {"best_epoch": int, "hparams": dict, "provenance": dict}
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
    for entry, kind in ENTRIES.items():
        whole = isinstance(attrs.get(entry), kind)
        if entry == "monitor" and whole:
            whole = len(attrs[entry].split(", ")) == len(study.directions)
        if not whole:
            raise StudyError(f"study {name!r} has lost its {entry}: it was changed by others")
    return study


def best_of(study: optuna.Study, number: int | None = None, wish: str | None = None) -> Best:
    """Returns the configuration of a study's best trial, or of the trial with a number.

    If one has been confirmed, that is the best one, and its value is the mean over its seeds.

    Args:
        study: The study.
        number: Number of the trial; None for the best one.
        wish: Which of the best ones, if the study has several objectives; see `prefer`.

    Raises:
        StudyError: If no trial is complete, there is no such trial with a value, or it is not
            said which of the best ones is meant.
    """
    if wish is not None and (number is not None or len(study.directions) == 1):
        raise StudyError("`prefer=` chooses among the best trials of several objectives")
    several = number is None and len(study.directions) > 1
    confirmed = Confirmed.of(study) if number is None else None
    if confirmed is not None:
        trial = trial_of(study, confirmed.trial)
    else:
        trial = prefer(study, wish) if several else _trial(study, number)
    attrs = recorded(trial)
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


def recorded(trial: FrozenTrial) -> dict[str, Any]:
    """Returns what our searches record on a trial.

    Raises:
        StudyError: If the trial was added by others, and lacks it.
    """
    for entry, kind in RECORD.items():
        if not isinstance(trial.user_attrs.get(entry), kind):
            raise StudyError(
                f"trial {trial.number} was not run by latentune: it has no {entry}; choose another"
            )
    return trial.user_attrs


def find(source: str, runs: Runs, storage: str | None = None) -> Best:
    """Returns the configuration that `best.toml`, `STUDY` or `STUDY:17` names.

    Raises:
        StudyError: If there is no such study or trial.
        StorageError: If the file or the database cannot be read.
    """
    if source.endswith(".toml"):
        return read_best(Path(source))
    name, number = split_source(source)
    return best_of(open_study(open_database(storage or runs.database), name), number)


def split_source(source: str) -> tuple[str, int | None]:
    """Splits `STUDY` or `STUDY:17` into the name and the trial's number.

    Raises:
        StudyError: If what follows the colon is no number.
        StorageError: If what stands before it cannot name a study.
    """
    name, colon, number = source.partition(":")
    if colon and not (number.isdecimal() and len(number) < 10):
        raise StudyError(f"{number!r} in {source!r} is no trial number")
    return check_name(name), int(number) if colon else None


def known_studies(runs: Runs) -> list[str]:
    """Returns the names of all studies of a runs folder: in its database, or trained there."""
    names = {path.parents[1].name for path in runs.root.glob("*/*/model.ckpt")}
    if database_exists(runs.database):
        names |= set(optuna.get_all_study_names(open_database(runs.database)))
    return sorted(names)


def check_known(name: str, runs: Runs) -> None:
    """Checks that a runs folder has a study, or knows none at all.

    Raises:
        StudyError: If it has others alone.
    """
    known = known_studies(runs)
    if known and name not in known:
        raise StudyError(f"there is no study {name!r} in {runs.root}; {did_you_mean(name, known)}")


def how_to_train(source: str, runs: Runs) -> str:
    """Returns the command that trains a study's best trial, or the trial that is named.

    Of several objectives, it is the one that chooses among the best trials.
    """
    place = [] if str(runs.root) == RUNS else ["--runs", str(runs.root)]
    words = ["train", source]
    if database_exists(runs.database) and _has_front(open_database(runs.database), source):
        words = ["best", source, "--prefer", KNEE]
    return shlex.join(["latentune", *words, *place])


def _has_front(storage: BaseStorage, name: str) -> bool:
    """Returns whether there is a study of this name, and it has several objectives."""
    known = name in optuna.get_all_study_names(storage)
    return known and len(open_study(storage, name).directions) > 1


@public
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
        place, name = Runs(Path(runs)), check_name(str(source))
        path = place.best(name)
        if not path.exists():
            check_known(name, place)
    return read_best(path)


def trial_of(study: optuna.Study, number: int) -> FrozenTrial:
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


def _trial(study: optuna.Study, number: int | None) -> FrozenTrial:
    if number is None:
        try:
            return study.best_trial
        except ValueError as error:
            raise StudyError(f"study {study.study_name!r} has no complete trial yet") from error
    trial = trial_of(study, number)
    if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED) or not trial.values:
        raise StudyError(f"trial {number} is {STATES[trial.state]}: it has no value")
    return trial
