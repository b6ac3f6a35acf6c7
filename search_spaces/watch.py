"""Looking at what a search space asks of a trial: to list it, to change it, or to replay it."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast

import optuna
import pytorch_lightning as pl
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import BaseTrial, FixedTrial

from ..models.blocks import Shape
from .common import Space

Hook = Callable[[str, BaseDistribution], BaseDistribution]

# A conditional parameter shows only on some branches: this many random trials look for them.
PROBES = 16


class SpaceError(ValueError):
    """A parameter, a range or a value that the search space does not have."""


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Returns a hint with the closest known word, or with all of them."""
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


class _WatchedTrial:
    """Passes everything to a trial, but lets a hook see and replace each distribution first."""

    def __init__(self, trial: BaseTrial, hook: Hook) -> None:
        self._trial, self._hook = trial, hook

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trial, name)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        d = self._hook(name, FloatDistribution(low, high, log=log, step=step))
        assert isinstance(d, FloatDistribution)
        return self._trial.suggest_float(name, d.low, d.high, step=d.step, log=d.log)

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        d = self._hook(name, IntDistribution(low, high, log=log, step=step))
        assert isinstance(d, IntDistribution)
        return self._trial.suggest_int(name, d.low, d.high, step=d.step, log=d.log)

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        d = self._hook(name, CategoricalDistribution(choices))
        assert isinstance(d, CategoricalDistribution)
        return self._trial.suggest_categorical(name, d.choices)


def watch(trial: BaseTrial, hook: Hook) -> BaseTrial:
    """Returns a view of a trial whose suggestions are made over what the hook returns.

    Args:
        trial: The trial that makes the suggestions.
        hook: Takes a parameter's name and the distribution that the space asks for, and returns
            the distribution to use, which must be of the same class.
    """
    return cast(BaseTrial, _WatchedTrial(trial, hook))


def random_trials(n: int) -> list[optuna.Trial]:
    """Returns trials of no study in particular, which suggest the same values each time."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it announces even a study in memory
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    optuna.logging.set_verbosity(before)
    return [study.ask() for _ in range(n)]


def parameters(space: Space, input_shape: Shape) -> dict[str, BaseDistribution]:
    """Lists what a space varies, by building its model from a few random trials.

    Args:
        space: The search space.
        input_shape: Shape of one image, (C, H, W).
    """
    found: dict[str, BaseDistribution] = {}
    for trial in random_trials(PROBES):
        space(trial, input_shape)
        found |= trial.distributions
    return found


def defaults(space: Space, input_shape: Shape) -> dict[str, Any]:
    """Returns the model's own default for each parameter that is named like an option of it.

    A default outside the range of its parameter is moved to the nearest end.

    Args:
        space: The search space.
        input_shape: Shape of one image, (C, H, W).
    """
    model = space(random_trials(1)[0], input_shape)
    options = inspect.signature(type(model)).parameters
    found = {
        name: _nearest(distribution, options[name].default)
        for name, distribution in parameters(space, input_shape).items()
        if name in options
    }
    return {name: value for name, value in found.items() if value is not None}


def describe(distribution: BaseDistribution) -> str:
    """Returns a distribution in the words of a range, such as `int 2:32:log`."""
    if isinstance(distribution, CategoricalDistribution):
        return "one of " + ",".join(str(choice) for choice in distribution.choices)
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    kind = "int" if isinstance(distribution, IntDistribution) else "float"
    if distribution.single():
        return f"{kind} {distribution.low:g}"
    step = "" if distribution.step in (None, 1) else f" in steps of {distribution.step:g}"
    log = ":log" if distribution.log else ""
    return f"{kind} {distribution.low:g}:{distribution.high:g}{log}{step}"


def replay(space: Space, values: Mapping[str, Any], input_shape: Shape) -> pl.LightningModule:
    """Builds the model that a space makes of given values.

    Optuna's own `FixedTrial` ignores a name that the space lacks and only warns about a value
    out of range; here both are errors, because such a model is not the one that was meant.

    Args:
        space: The search space.
        values: The value of each of its parameters.
        input_shape: Shape of one image, (C, H, W).

    Raises:
        SpaceError: If a value is missing, out of range, or of a name that the space lacks.
    """
    asked: list[str] = []

    def check(name: str, distribution: BaseDistribution) -> BaseDistribution:
        asked.append(name)
        if name not in values:
            raise SpaceError(f"there is no value for {name}; {_hint(name, values)}")
        if not _contains(distribution, values[name]):
            raise SpaceError(
                f"{name} = {values[name]!r} is outside its range, {describe(distribution)}"
            )
        return distribution

    model = space(watch(FixedTrial(dict(values)), check), input_shape)
    for name in values:
        if name not in asked:
            raise SpaceError(f"the space has no parameter {name!r}; {did_you_mean(name, asked)}")
    return model


def _nearest(distribution: BaseDistribution, value: Any) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return value if value in distribution.choices else None
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    low, high, step = distribution.low, distribution.high, distribution.step
    inside = min(max(value, low), high)
    return inside if step is None else low + round((inside - low) / step) * step


def _hint(name: str, values: Mapping[str, Any]) -> str:
    return did_you_mean(name, list(values)) if values else "no value is given at all"


def _contains(distribution: BaseDistribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    kinds = (int,) if isinstance(distribution, IntDistribution) else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    return distribution.low <= value <= distribution.high
