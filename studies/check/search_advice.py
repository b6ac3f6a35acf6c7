"""Yields advice for the next search: wider ranges, fewer choices, or no pruning."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from statistics import median
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FixedTrial, FrozenTrial, TrialState

from ...search_spaces.distributions import choice_labels, describe_distribution, is_same_choice
from ...storage.study_record import read_study_record
from ..study.recipe import Recipe
from .checkup import Checkup
from .crowded_ends import NumericDistribution, RangeEnd, best_trials, find_crowded_ends
from .finding import Finding, list_trials
from .ranked_trials import direction_sign, rank_trials

if TYPE_CHECKING:
    from ...models.data_spec import DataSpec
    from ...models.types import Space

MIN_TRIALS_PER_CHOICE = 5
"""Minimal number of trials with a choice before the choice can be called weak. With five trials,
an average choice is absent from the best third of trials with a probability of 13 %."""
MIN_PRUNED_TRIALS = 3
"""Minimal number of trials pruned after an epoch, to estimate the pruning threshold there."""


def find_boundary_values(checkup: Checkup) -> Iterator[Finding]:
    """Yields advice for parameters whose best values are mostly at one end of their range.

    The advice is a search with a wider range, if the model can be built with the new end of the
    range. There is no advice if the parameter's default is beyond the old end. For example, a
    penalty with the default 0 needs no range below 1e-9.
    """
    for study in _single_objective_studies(checkup):
        best = best_trials(rank_trials(study))
        crowded = find_crowded_ends(best)
        if not crowded:
            continue
        from ...search_spaces.suggestions import record_parameters
        from ..study.build import build_spec

        try:
            table = read_study_record(study).recipe.to_table()
            recipe = Recipe.from_table(table, checkup.runs, checkup.url)
            objective = build_spec(recipe, checkup.runs).objective
            space, data = objective.model, objective.data().spec
            defaults = record_parameters(space, data).defaults
        except Exception:  # noqa: S112 - without the data or a user's module, no range can be tested
            continue
        ranges, described = {}, []
        for name, (distribution, end, n) in crowded.items():
            value = _widen_end(distribution, end)
            if value is None or _is_beyond(defaults.get(name), distribution, end):
                continue
            low, high = distribution.low, distribution.high
            low, high = (value, high) if end == "lower" else (low, value)
            text = f"{low:g}:{high:g}" + (":log" if distribution.log else "")
            if _can_be_built(space, data, {name: text}, {**best[0].params, name: value}):
                ranges[name] = text
                old = describe_distribution(distribution)
                described.append(f"{name} ({old}) at its {end} end in {n}")
        if ranges:
            yield Finding(
                "advice",
                f"of the best {len(best)} trials of {study.study_name}, {', '.join(described)}",
                checkup.search_command(study, ranges, "--from", study.study_name),
            )


def _is_beyond(default: Any, distribution: NumericDistribution, end: RangeEnd) -> bool:
    """Returns whether a default value is a number beyond the lower or upper end of a range."""
    if not isinstance(default, int | float):
        return False
    return default < distribution.low if end == "lower" else default > distribution.high


def _widen_end(distribution: NumericDistribution, end: RangeEnd) -> float | None:
    """Returns a new value for one end of a range, so that the range is wider by half.

    In a logarithmic range, the end is multiplied or divided by at most ten. Returns None if no
    value beyond the old end is possible.
    """
    low, high = distribution.low, distribution.high
    if distribution.log:
        factor = min(10, math.sqrt(high / low))
        found = low / factor if end == "lower" else high * factor
    else:
        found = high + (high - low) / 2 if end == "upper" else low - (high - low) / 2
        if low >= 0:
            found = max(found, 0.0)  # the parameter is probably a count or a weight
    if isinstance(distribution, FloatDistribution):
        found = float(f"{found:.2g}")
    elif distribution.log:
        found = max(1, round(found))
    else:
        found = round(found / distribution.step) * distribution.step
    return None if low <= found <= high else found


def _can_be_built(
    space: "Space", data: "DataSpec", ranges: dict[str, str], params: dict[str, Any]
) -> bool:
    from ...search_spaces.ranges import RangedSpace
    from ...search_spaces.suggestions import build_without_weights

    try:
        build_without_weights(RangedSpace(space, ranges), FixedTrial(params), data)
    except Exception:  # a model may reject a value by any class of error
        return False
    return True


def find_weak_choices(checkup: Checkup) -> Iterator[Finding]:
    """Yields advice for choices that were never in the best third of trials, or never tried."""
    for study in _single_objective_studies(checkup):
        trials = rank_trials(study)
        best_third = trials[: max(1, len(trials) // 3)]
        distributions = {n: d for trial in trials for n, d in trial.distributions.items()}
        described, remaining = [], {}
        for name, distribution in distributions.items():
            if not isinstance(distribution, CategoricalDistribution) or distribution.single():
                continue
            words = choice_labels(distribution.choices)
            tried = _count_choices(trials, name, words)
            good = _count_choices(best_third, name, words)
            weak = [
                word for word in words if tried[word] >= MIN_TRIALS_PER_CHOICE and not good[word]
            ]
            if weak and tried.total() > sum(tried[word] for word in weak):
                remaining[name] = ",".join(word for word in words if word not in weak)
                described += [f"{name}={word} (tried {tried[word]} times)" for word in weak]
            untried = [word for word in words if not tried[word]]
            if untried and tried.total() >= MIN_TRIALS_PER_CHOICE * len(words):
                new_name = f"{study.study_name}-{name}"
                yield Finding(
                    "advice",
                    f"{study.study_name} has never tried {name}={', '.join(untried)}",
                    checkup.search_command(study, {name: ",".join(untried)}, "--name", new_name),
                )
        if described:
            yield Finding(
                "advice",
                f"never among the best third of {study.study_name}: {', '.join(described)}",
                checkup.search_command(study, remaining, "--from", study.study_name),
            )


def _count_choices(trials: list[FrozenTrial], name: str, words: Mapping[str, Any]) -> Counter[str]:
    """Returns how many trials have each choice of the parameter `name`.

    `words` maps the words for the choices to the choices. The keys of the result are the words.
    """
    values = [trial.params[name] for trial in trials if name in trial.params]
    return Counter(
        word for value in values for word, choice in words.items() if is_same_choice(choice, value)
    )


def find_late_bloomers(checkup: Checkup) -> Iterator[Finding]:
    """Yields advice to search without pruning, if many good trials had bad values early.

    The pruning threshold of an epoch is the median value of the trials that were pruned after it,
    if there are at least three. A late bloomer is a complete trial that was once not better than
    the threshold, and was spared by the pruner. The advice is given if a third of the best trials,
    and at least two, are late bloomers.
    """
    for study in _single_objective_studies(checkup):
        sign = direction_sign(study)
        pruned: dict[int, list[float]] = defaultdict(list)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)):
            if trial.intermediate_values:
                epoch = max(trial.intermediate_values)
                pruned[epoch].append(_best_cost_until(trial, epoch, sign))
        thresholds = {
            epoch: median(costs)
            for epoch, costs in pruned.items()
            if len(costs) >= MIN_PRUNED_TRIALS
        }
        complete = [trial for trial in rank_trials(study) if trial.state == TrialState.COMPLETE]
        best = complete[: max(2, len(complete) // 3)]
        late = [
            trial.number
            for trial in best
            if any(
                _best_cost_until(trial, epoch, sign) >= threshold
                for epoch, threshold in thresholds.items()
            )
        ]
        if len(late) >= max(2, len(best) / 3):
            epochs = " and ".join(map(str, sorted(thresholds)))
            yield Finding(
                "advice",
                f"{list_trials(late)} of {study.study_name}, among its best {len(best)}, were no "
                f"better than the trials that were pruned after epoch {epochs}",
                checkup.search_command(study, {}, "--from", study.study_name, "--pruner", "none"),
            )


def _best_cost_until(trial: FrozenTrial, epoch: int, sign: int) -> float:
    costs = [sign * value for at, value in trial.intermediate_values.items() if at <= epoch]
    return min(costs, default=float("-inf"))


def _single_objective_studies(checkup: Checkup) -> list[optuna.Study]:
    return [study for study in checkup.studies if len(study.directions) == 1]
