"""What the database says about a study: all that a report shows of its search."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from ....models.types import Direction
from ....search_spaces.catalog.candidates import AUTO, SUMMARY
from ....search_spaces.catalog.models import MODELS
from ....search_spaces.model_choice import strip_model_prefix
from ....storage.best_toml import Best
from ....storage.study_note import read_note
from ....storage.study_record import StudyRecord, read_study_record
from ....storage.study_summary import format_value
from ....storage.trial_outcome import (
    REJECTED,
    STATE_NAMES,
    finished_trials,
    is_rejected,
    state_name,
    stop_reason,
)
from ....storage.trial_record import read_trial_record
from ...display.report.charts import Chart
from ...display.report.interval_strips import state_bar
from ...display.report.parameter_charts import (
    format_value_of,
)
from ...display.report.points import Point, points_of
from ...display.report.search_charts import front_chart, search_chart
from ...study.definition import LIMITS_ENTRY, without_ranges
from ...study.importance import Importance, Importances, parameter_importances
from ...study.leaderboard import chooses_model, leaderboard
from ...study.lineage import describe_origins
from ...study.study_error import StudyError
from ...study.study_lookup import best_configuration
from ..ranked_trials import direction_sign, rank_trials
from .confirm_facts import ConfirmFacts, read_confirm_facts
from .parameter_facts import RangeRow, importance_bars, range_rows, slice_charts

SHOWN_STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
MAX_REASONS = 8
MAX_REASON_LENGTH = 160
N_LISTED_TRIALS = 10


class Outcome(NamedTuple):
    """How many trials ended in a state, and why."""

    state: str
    reason: str
    trials: int


class TrialRow(NamedTuple):
    """One of the best trials."""

    number: int
    value: str
    state: str
    epochs: str
    params: Sequence[str]


@dataclass(frozen=True)
class StudyFacts:
    """What the database says about a study.

    Attributes:
        name: Name of the study.
        record: What Latentune has recorded on the study.
        summary: The model in words; empty for a model of the user's.
        note: A note that a user has written in the dashboard; empty without one.
        origins: Sentences about where the study and its trials come from.
        definition: What two trials must share to be comparable, without ranges.
        metrics: The direction of each metric.
        sign: 1 if lower values of the first metric are better, -1 if higher ones are.
        points: The finished trials.
        counts: The number of trials in each state that occurs, in words.
        outcomes: The number of trials by state and reason.
        outcome_bar: The shares of the states.
        best: The configuration of the best trial; None without one.
        values: The values of the best trial as text.
        charts: Charts of the search.
        ranges: The searched parameters.
        slices: The metric beside each parameter, the most important parameters first.
        best_rows: The best trials.
        importances: The importance of each parameter.
        bars: The importances with a bar each.
        leaderboard: A row for each model, if the study chooses the model.
        confirmed: The result of `confirm`; None if it was not run.
        front: The number of trials on the Pareto front; 0 for a study of one objective.
    """

    name: str
    record: StudyRecord
    summary: str
    note: str
    origins: Sequence[str]
    definition: Mapping[str, str]
    metrics: Mapping[str, Direction]
    sign: int
    points: Sequence[Point]
    counts: Sequence[tuple[str, int]]
    outcomes: Sequence[Outcome]
    outcome_bar: Chart
    best: Best | None
    charts: Sequence[Chart]
    ranges: Sequence[RangeRow]
    slices: Sequence[Chart]
    best_rows: Sequence[TrialRow]
    importances: Importances
    bars: Sequence[tuple[Importance, Chart]]
    leaderboard: Sequence[Mapping[str, Any]]
    confirmed: ConfirmFacts | None
    front: int

    @property
    def metric(self) -> str:
        """The name of the first metric."""
        return next(iter(self.metrics), "value")

    @property
    def seconds(self) -> float:
        """The seconds from the start of the first trial to the end of the last one."""
        return max((point.seconds for point in self.points), default=0.0)


def read_study_facts(study: optuna.Study) -> StudyFacts:
    """Returns the facts of a study.

    Raises:
        StudyError: If no trial is finished.
    """
    trials = study.get_trials(deepcopy=False)
    points = points_of(trials)
    record = read_study_record(study)
    if not points:
        raise StudyError(
            f"study {study.study_name!r} has no finished trial yet, so that there is nothing to "
            f"report: {record.command}"
        )
    is_front = len(study.directions) > 1
    sign = 1 if study.directions[0] == StudyDirection.MINIMIZE else -1
    metric = next(iter(record.metrics), "value")
    importances = parameter_importances(study)
    ranked = _complete_first(study, trials, is_front)
    best = _best(study)
    return StudyFacts(
        name=study.study_name,
        record=record,
        summary=_model_summary(record.recipe.model),
        note=read_note(study),
        origins=describe_origins(study),
        definition=without_ranges(record.definition),
        metrics=record.metrics,
        sign=sign,
        points=points,
        counts=_count_states(trials),
        outcomes=[*_outcomes(finished_trials(trials)), *_rejections(trials, record)],
        outcome_bar=_outcome_bar(points),
        best=best,
        charts=_search_charts(study, points, sign, metric, is_front),
        ranges=range_rows(trials, points, ranked, None if best is None else best.trial),
        slices=slice_charts(trials, points, metric, sign, importances, best),
        best_rows=[_trial_row(trial) for trial in ranked[:N_LISTED_TRIALS]],
        importances=importances,
        bars=importance_bars(importances),
        leaderboard=leaderboard(study) if chooses_model(study) else [],
        confirmed=None if is_front else read_confirm_facts(study, direction_sign(study)),
        front=len(study.best_trials) if is_front else 0,
    )


def _count_states(trials: Sequence[FrozenTrial]) -> list[tuple[str, int]]:
    counts = Counter(map(state_name, trials))
    names = [*STATE_NAMES.values(), REJECTED]
    return [(name, counts[name]) for name in names if counts[name]]


def _model_summary(model: str) -> str:
    if model == AUTO:
        return SUMMARY
    return MODELS[model].summary if model in MODELS else ""


def _best(study: optuna.Study) -> Best | None:
    try:
        return best_configuration(study)
    except StudyError:  # no trial is complete, or there are several objectives
        return None


def _complete_first(
    study: optuna.Study, trials: Sequence[FrozenTrial], is_front: bool
) -> Sequence[FrozenTrial]:
    """Returns the trials from the best to the worst; the Pareto front, of several objectives."""
    return study.best_trials if is_front else rank_trials(study)


def _outcomes(trials: Sequence[FrozenTrial]) -> list[Outcome]:
    """Returns the number of finished trials by state and reason, the most frequent first."""
    found: list[Outcome] = []
    for state in SHOWN_STATES:
        reasons = Counter(_reason(trial) for trial in trials if trial.state == state)
        common = reasons.most_common(MAX_REASONS)
        found += [Outcome(STATE_NAMES[state], reason, count) for reason, count in common]
        if others := reasons.total() - sum(count for _, count in common):
            found.append(Outcome(STATE_NAMES[state], "other reasons", others))
    return found


def _rejections(trials: Sequence[FrozenTrial], record: StudyRecord) -> list[Outcome]:
    if not (count := sum(map(is_rejected, trials))):
        return []
    limits = record.definition.get(LIMITS_ENTRY, "unknown")
    return [
        Outcome(REJECTED, f"not trained, because the network exceeds a limit: {limits}", count)
    ]


def _reason(trial: FrozenTrial) -> str:
    reason = " ".join(stop_reason(trial).split()) or "no reason is recorded"
    if trial.state == TrialState.PRUNED and (epochs := read_trial_record(trial).epochs):
        reason = f"{reason} after epoch {epochs}"
    return reason if len(reason) <= MAX_REASON_LENGTH else f"{reason[:MAX_REASON_LENGTH]}…"


def _outcome_bar(points: Sequence[Point]) -> Chart:
    looks = dict(zip(SHOWN_STATES, ("complete", "pruned", "failed"), strict=True))
    counts = Counter(point.state for point in points)
    return state_bar([(look, counts[state]) for state, look in looks.items() if counts[state]])


def _search_charts(
    study: optuna.Study, points: Sequence[Point], sign: int, metric: str, is_front: bool
) -> list[Chart]:
    if not is_front:
        return [search_chart(points, sign, metric, in_time=way) for way in (False, True)]
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    numbers = {trial.number for trial in study.best_trials}
    front = [index for index, trial in enumerate(complete) if trial.number in numbers]
    names = list(read_study_record(study).metrics)
    return [front_chart([trial.values for trial in complete], front, names)] if complete else []


def _trial_row(trial: FrozenTrial) -> TrialRow:
    named = strip_model_prefix(trial.params).items()
    params = [f"{name} {format_value_of(value)}" for name, value in named]
    epochs = read_trial_record(trial).epochs
    values = ", ".join(format_value(value) for value in trial.values or [None])
    return TrialRow(trial.number, values, state_name(trial), format_value(epochs), params)
