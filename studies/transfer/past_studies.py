"""Past studies: the best trials of other studies give a new study its first points."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, NamedTuple

import optuna
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from ...models.types import Direction
from ...search_spaces.catalog.candidates import AUTO
from ...search_spaces.space_errors import SpaceError
from ...search_spaces.strategies import NONE
from ...search_spaces.suggestions import nearest_parameters
from ...storage.database import database_exists, open_for_reading
from ...storage.study_record import DataSize, Origin, StudyRecord, read_study_record
from ...storage.study_summary import Study
from ...storage.trial_record import TrialRecord, read_trial_record
from ..study.definition import without_ranges
from ..study.lineage import list_trials_by_study
from ..study.point_check import PointCheck
from ..study.recipe import Recipe
from ..study.study_error import StudyError
from ..study.study_lookup import open_study

SHARE = 3
"""At most one of so many trials of a search tries a point of a past study."""

log = logging.getLogger(__name__)

Fit = Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, BaseDistribution]]]
"""A function that moves parameters into a search space, and returns them with distributions.

It raises ValueError or RuntimeError if the space cannot have these parameters.
"""


class NewStudy(NamedTuple):
    """The study that is to learn from past studies.

    Attributes:
        name: Name of the study.
        recipe: The recipe of the study.
        points: The search space, the data and the limits of the study.
        defaults: The values of parameters that a past study lacks.
        definition: The definition of the study.
    """

    name: str
    recipe: Recipe
    points: PointCheck
    defaults: Mapping[str, Any]
    definition: Mapping[str, str]

    def fit(self, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
        """Returns the nearest parameters in the search space, with their distributions.

        Raises:
            SpaceError: If the space cannot have these parameters, or they exceed a limit.
        """
        space, values = self.points.objective.model, {**self.defaults, **params}
        point, distributions = nearest_parameters(space, values, self.points.spec)
        if excess := self.points.excess(point):
            raise SpaceError(excess)
        return point, distributions

    def why_not_from(self, name: str, past: StudyRecord) -> str | None:
        """Returns why the study cannot learn from the study `name`; None if it can."""
        recipe, metrics = past.recipe, dict(self.points.objective.metrics)
        space = recipe.to_table().get("space")
        if name == self.name:
            return "it is this study itself"
        if recipe.model.split(":")[0] != self.recipe.model.split(":")[0]:
            return f"its model is {recipe.model}, not {self.recipe.model}"
        if space != self.recipe.space:
            return f"its space is {space}, not {self.recipe.space}"
        if past.metrics != metrics:
            of_past, of_new = map(_describe_metrics, (past.metrics, metrics))
            return f"its objective is to {of_past}, not to {of_new}"
        if len(metrics) > 1:
            return "with several objectives, no trial is the best"
        of_past, of_new = map(_list_parameters, (past.definition, self.definition))
        if ":" in recipe.model and of_past != of_new:
            return f"its parameters are {of_past}, not {of_new}"
        return None


@dataclass(frozen=True)
class LearnedPoints:
    """Waiting trials with the parameters of the best trials of past studies.

    Attributes:
        trials: The trials. Their records name the trials of the past studies.
    """

    trials: Sequence[FrozenTrial]

    @property
    def origins(self) -> list[Origin]:
        """For each trial, the trial of a past study that it learns from."""
        found = [read_trial_record(trial).learned_from for trial in self.trials]
        return [origin for origin in found if origin is not None]

    def __str__(self) -> str:
        return list_trials_by_study(self.origins) or "no other study: none has points that fit"


def data_size(data: Any) -> DataSize:
    """Returns the kind and the size of the data of a data module."""
    items = getattr(data, "items", data)  # latent codes know the items that they encode
    train, spec = getattr(getattr(items, "splits", None), "train", None), data.spec
    return DataSize(
        kind=spec.kind,
        shape=list(spec.shape),
        items=len(train) if isinstance(train, Sized) else None,
        classes=len(spec.classes),
    )


def find_learned_points(
    names: Sequence[str],
    new: NewStudy,
    known: Sequence[Mapping[str, Any]],
    trials: int,
    url: str,
) -> LearnedPoints | None:
    """Returns the points that past studies give to a new study.

    Args:
        names: Names of past studies, or `auto` for all that fit. With `none` or without names, the
            result is None.
        new: The new study.
        known: Points that the new study tries anyway.
        trials: Total number of trials of the new study.
        url: Optuna URL of the database.

    Raises:
        StudyError: If a named study does not exist, or has another model, space or objective.
    """
    if list(names) in ([], [NONE]):
        return None
    if list(names) == [AUTO]:
        studies = _similar_studies(new, url)
    else:
        studies = [_open_past_study(name, new, url) for name in names]
    return LearnedPoints(choose_points(studies, new.fit, known, trials // SHARE))


def add_learned_points(study: optuna.Study, points: LearnedPoints) -> None:
    """Adds the waiting trials to a study, except those that the study has already."""
    known = [trial.params for trial in study.get_trials(deepcopy=False)]
    for trial in points.trials:
        if trial.params not in known:
            study.add_trial(trial)
    log.info("first points from %s", points)


def choose_points(
    studies: Sequence[optuna.Study], fit: Fit, known: Sequence[Mapping[str, Any]], most: int
) -> list[FrozenTrial]:
    """Returns waiting trials with the parameters of the best trials of past studies.

    They come from the studies in turn: the best trial of each, then the second best of each.

    Args:
        studies: The past studies.
        fit: The function that moves parameters into the new space.
        known: Points that are left out.
        most: The largest number of trials.
    """
    turns = zip_longest(*(_fitting_trials(study, fit) for study in studies))
    points = list(known)
    found: list[FrozenTrial] = []
    for trial in filter(None, chain.from_iterable(turns)):
        if len(found) == most:
            break
        if not any(point.items() <= trial.params.items() for point in points):
            found.append(trial)
            points.append(trial.params)
    return found


def _fitting_trials(study: optuna.Study, fit: Fit) -> Iterator[FrozenTrial]:
    """Yields a waiting trial for each complete trial that fits the new space, best first."""
    sign = 1 if study.direction == StudyDirection.MINIMIZE else -1
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    for trial in sorted(complete, key=lambda trial: sign * trial.values[0]):
        try:
            params, distributions = fit(trial.params)
        except (ValueError, RuntimeError):
            continue
        record = TrialRecord(learned_from=Origin(study=study.study_name, trial=trial.number))
        yield create_trial(
            state=TrialState.WAITING,
            params=params,
            distributions=distributions,
            user_attrs=record.to_table(),
        )


def _open_past_study(name: str, new: NewStudy, url: str) -> Study:
    study = open_study(url, name)
    if why := new.why_not_from(name, read_study_record(study)):
        raise StudyError(f"{new.name} cannot learn from study {name!r}: {why}")
    return study


def _similar_studies(new: NewStudy, url: str) -> list[Study]:
    """Returns the studies that the new study can learn from, those on the most similar data first.

    Studies whose records do not tell the size of their data are left out.
    """
    if not database_exists(url):
        return []
    storage, size = open_for_reading(url), data_size(new.points.data)
    distances: dict[str, tuple[bool, float]] = {}
    for name in optuna.get_all_study_names(storage):
        record = read_study_record(Study(study_name=name, storage=storage))
        if record.data_size is not None and new.why_not_from(name, record) is None:
            distances[name] = distance(record.data_size, size)
    nearest = sorted(distances, key=distances.__getitem__)
    return [Study(study_name=name, storage=storage) for name in nearest]


def distance(one: DataSize, other: DataSize) -> tuple[bool, float]:
    """Returns whether data are of different kinds, and by how many factors of e they differ.

    These are the factors between the numbers of values of an item, of items and of classes.
    """
    sizes = [(math.prod(s.shape), 1 + (s.items or 0), 1 + s.classes) for s in (one, other)]
    ratios = [math.log(a / b) for a, b in zip(*sizes, strict=True)]
    return one.kind != other.kind, sum(map(abs, ratios))


def _describe_metrics(metrics: Mapping[str, Direction]) -> str:
    return ", ".join(f"{way} {name}" for name, way in metrics.items())


def _list_parameters(definition: Mapping[str, str]) -> str:
    return ", ".join(sorted(definition.keys() - without_ranges(definition).keys()))
