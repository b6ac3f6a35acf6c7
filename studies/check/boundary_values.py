"""Parameters whose best values press against an end of their range: a wider one may be better."""

import math
from collections.abc import Iterator
from typing import Any, Literal

import optuna
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import FixedTrial, FrozenTrial

from ...models.data_spec import DataSpec
from ...search_spaces.ranges import RangedSpace
from ...search_spaces.suggestions import (
    Space,
    build_without_weights,
    describe_distribution,
    record_parameters,
)
from ..study.build import build_spec
from ..study.recipe import Recipe
from .checkup import Checkup
from .finding import Finding
from .ranked_trials import rank_trials, single_objective_studies
from .suggested_commands import search_from_command

Numbers = FloatDistribution | IntDistribution
End = Literal["lower", "upper"]

TOP = 10
"""How many of the best trials are looked at, or a tenth of all if that is more."""
NEAR = 0.05
"""Up to which share of the range, on its own scale, a value lies at its end."""
MOST = 0.6
"""Share of the best trials that must lie there; in a range of few numbers, of which each is near
an end, three times the share that chance alone would put there."""


def find_boundary_values(checkup: Checkup) -> Iterator[Finding]:
    """Finds parameters of which most of the best values lie at one end of the range.

    A wider range is advised if the model can be built with a value of it, as it cannot with a
    share above 1, and unless the model's default lies beyond that end: then the end stands for
    it, as a penalty of 1e-9 does for none.
    """
    for study in single_objective_studies(checkup):
        trials = rank_trials(study)
        if len(trials) < TOP:
            continue
        top = trials[: max(TOP, len(trials) // 10)]
        crowded = {
            name: (end, count, own)
            for name, own in _numbers(top).items()
            if (found := _crowded_end(name, own, top)) is not None
            for end, count in [found]
        }
        if not crowded:
            continue
        look = _RangeWidener(study, checkup, top[0])
        wider = {n: look(n, own, end) for n, (end, _, own) in crowded.items()}
        advised = {name: text for name, text in wider.items() if text is not None}
        said = ", ".join(
            f"{name} ({describe_distribution(own)}) at its {end} end in {count}"
            for name, (end, count, own) in crowded.items()
            if name in advised
        )
        if advised:
            yield Finding(
                "advice",
                f"of the best {len(top)} trials of {study.study_name}, {said}",
                search_from_command(study, checkup, advised),
            )


def _numbers(trials: list[FrozenTrial]) -> dict[str, Numbers]:
    """Returns what the numbers of trials vary over, without those that are fixed."""
    found = {name: own for trial in trials for name, own in trial.distributions.items()}
    return {n: d for n, d in found.items() if isinstance(d, Numbers) and not d.single()}


def _crowded_end(name: str, own: Numbers, top: list[FrozenTrial]) -> tuple[End, int] | None:
    """Returns at which end most of the best values lie, and how many; None if at neither."""
    places = [_place(own, trial.params[name]) for trial in top if name in trial.params]
    values = (
        math.inf if isinstance(own, FloatDistribution) else 1 + (own.high - own.low) // own.step
    )
    least = max(MOST, min(1, 3 / values)) * len(top)
    ends: dict[End, int] = {
        "lower": sum(place <= NEAR for place in places),
        "upper": sum(place >= 1 - NEAR for place in places),
    }
    end = max(ends, key=lambda end: ends[end])
    return (end, ends[end]) if ends[end] >= least else None


def _place(own: Numbers, value: float) -> float:
    """Returns where a value lies in its range, on its scale, from 0 to 1."""
    low, high = (math.log(x) if own.log else x for x in (own.low, own.high))
    return ((math.log(value) if own.log else value) - low) / (high - low)


class _RangeWidener:
    """Finds the text of a wider range that the model of a study can be built with."""

    def __init__(self, study: optuna.Study, checkup: Checkup, best: FrozenTrial) -> None:
        self.best = best
        self.space: Space | None = None
        try:
            recipe = Recipe.from_table(study.user_attrs["recipe"], checkup.runs, checkup.url)
            objective = build_spec(recipe, checkup.runs).objective
            self.space, self.data = objective.model, objective.data().spec
            self.defaults = record_parameters(self.space, self.data).defaults
        except Exception:  # the data have gone, or a user's own module; then nothing is advised
            self.space = None

    def __call__(self, name: str, own: Numbers, end: End) -> str | None:
        further = _wider_end(own, end)
        if self.space is None or further is None or self._stands_for_default(name, own, end):
            return None
        low, high = (further, own.high) if end == "lower" else (own.low, further)
        text = f"{low:g}:{high:g}" + (":log" if own.log else "")
        values = {**self.best.params, name: further}
        return text if _can_be_built(self.space, self.data, name, text, values) else None

    def _stands_for_default(self, name: str, own: Numbers, end: End) -> bool:
        default = self.defaults.get(name)
        if not isinstance(default, int | float):
            return False
        return default < own.low if end == "lower" else default > own.high


def _wider_end(own: Numbers, end: End) -> float | None:
    """Returns the end of a wider range: half as far again on its scale, and ten times at most."""
    if own.log:
        factor = min(10, math.sqrt(own.high / own.low))
        found = own.low / factor if end == "lower" else own.high * factor
    else:
        width = own.high - own.low
        found = own.high + width / 2 if end == "upper" else own.low - width / 2
        if own.low >= 0:
            found = max(found, 0.0)  # what begins at 0 counts or weighs something
    if isinstance(own, IntDistribution):
        found = max(1, round(found)) if own.log else round(found / own.step) * own.step
    else:
        found = float(f"{found:.2g}")
    return None if own.low <= found <= own.high else found


def _can_be_built(
    space: Space, data: DataSpec, name: str, text: str, values: dict[str, Any]
) -> bool:
    try:
        build_without_weights(RangedSpace(space, {name: text}), FixedTrial(values), data)
    except Exception:  # a model may refuse a value by whatever class of error
        return False
    return True
