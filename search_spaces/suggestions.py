"""Looking at what a search space asks of a trial: to list it, to change it, or to replay it."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple, cast

import optuna
import psutil
import pytorch_lightning as pl
import torch
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import BaseTrial, FixedTrial

from ..models.data_spec import DataSpec
from .categorical_choices import check_choices, choice_labels, find_choice
from .space_errors import NotInSpaceError, SpaceError, did_you_mean

Space = Callable[[BaseTrial, DataSpec], pl.LightningModule]
"""Builds a model for data from what a trial suggests."""

Hook = Callable[[str, BaseDistribution], BaseDistribution]

# A conditional parameter shows only on some branches: this many random trials look for them.
RANDOM_TRIALS = 16


class _OverridingTrial:
    """Passes everything to a trial, but lets a hook see and replace each distribution first."""

    def __init__(self, trial: BaseTrial, hook: Hook, prefix: str = "") -> None:
        self._trial, self._hook, self._prefix = trial, hook, prefix

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trial, name)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        d = self._hook(name, FloatDistribution(low, high, log=log, step=step))
        assert isinstance(d, FloatDistribution)
        return self._trial.suggest_float(
            self._prefix + name, d.low, d.high, step=d.step, log=d.log
        )

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        d = self._hook(name, IntDistribution(low, high, log=log, step=step))
        assert isinstance(d, IntDistribution)
        return self._trial.suggest_int(self._prefix + name, d.low, d.high, step=d.step, log=d.log)

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        d = self._hook(name, CategoricalDistribution(choices))
        assert isinstance(d, CategoricalDistribution)
        return self._trial.suggest_categorical(self._prefix + name, d.choices)


def watch(trial: BaseTrial, hook: Hook) -> BaseTrial:
    """Returns a view of a trial whose suggestions are made over what the hook returns.

    Args:
        trial: The trial that makes the suggestions.
        hook: Takes a parameter's name and the distribution that the space asks for, and returns
            the distribution to use, which must be of the same class.
    """
    return cast(BaseTrial, _OverridingTrial(trial, hook))


def add_prefix(trial: BaseTrial, prefix: str) -> BaseTrial:
    """Returns a view of a trial that puts words before the name of each parameter."""
    return cast(BaseTrial, _OverridingTrial(trial, lambda name, own: own, prefix))


@contextmanager
def silence_optuna() -> Iterator[None]:
    """Lets a study in memory be made without a word, which Optuna would announce."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def random_trials(n: int) -> list[optuna.Trial]:
    """Returns trials of no study in particular, which suggest the same values each time."""
    with silence_optuna():
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [study.ask() for _ in range(n)]


class SpaceParameters(NamedTuple):
    """What a space was seen to ask for.

    Attributes:
        distributions: What each parameter varies over, by its name.
        defaults: The default of each option of the model.
    """

    distributions: dict[str, BaseDistribution]
    defaults: dict[str, Any]

    def first(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what a first trial may try: given values, and else the model's own defaults.

        What lies outside its range is moved to the nearest end; what has neither is left out.
        """
        known, found = {**self.defaults, **values}, {}
        for name, distribution in self.distributions.items():
            if name in known:
                with suppress(LookupError):
                    found[name] = _nearest(distribution, known[name])
        return found


def record_parameters(space: Space, data: DataSpec) -> SpaceParameters:
    """Looks at what a space varies, by letting a few random trials ask it.

    Args:
        space: The search space.
        data: The data.

    Raises:
        SpaceError: If Optuna cannot tell two choices of a parameter apart.
    """
    found: dict[str, BaseDistribution] = {}
    options: dict[str, Any] = {}
    for trial in random_trials(RANDOM_TRIALS):
        options |= _options(type(build_without_weights(space, trial, data)))
        found |= trial.distributions
    for name, distribution in found.items():
        if isinstance(distribution, CategoricalDistribution):
            check_choices(name, distribution.choices)
    return SpaceParameters(found, options)


def build_without_weights(space: Space, trial: BaseTrial, data: DataSpec) -> pl.LightningModule:
    """Lets a trial suggest all that a space asks for, and computes no weight.

    Returns:
        A model without values. A space that cannot build one, because it computes while it
        builds, builds a whole one.
    """
    try:
        with torch.device("meta"):
            return space(trial, data)
    except (NotImplementedError, RuntimeError):
        return space(trial, data)


def check_memory(build: Callable[[], pl.LightningModule]) -> None:
    """Checks that there is memory for a model, before it is built: a file may describe any.

    Args:
        build: Builds the model.

    Raises:
        SpaceError: If its weights take more than is free.
    """
    try:
        with torch.device("meta"):
            size = sum(weights.nbytes for weights in build().parameters())
    except (NotImplementedError, RuntimeError) as error:  # as in `build_without_weights`
        if "overflow" not in str(error):
            return
        raise SpaceError(f"no network can be so large: {error}") from error
    if size > (free := psutil.virtual_memory().available):
        raise SpaceError(f"a network of {size:,} bytes is asked for, and {free:,} are free")


def _options(model: type) -> dict[str, Any]:
    """Returns the options of a model's class with their defaults, and those that it passes on."""
    found: dict[str, Any] = {}
    for base in model.__mro__:
        # mypy warns of an __init__ of a subclass, which is the one that we want.
        init = inspect.signature(base.__init__).parameters.values()  # type: ignore[misc]
        found = {p.name: p.default for p in init} | found
        if all(p.kind is not p.VAR_KEYWORD for p in init):
            break
    return found


def describe_distribution(distribution: BaseDistribution) -> str:
    """Returns a distribution in the words of a range, such as `int 2:32:log`."""
    if isinstance(distribution, CategoricalDistribution):
        return "one of " + ",".join(choice_labels(distribution.choices))
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    kind = "int" if isinstance(distribution, IntDistribution) else "float"
    if distribution.single():
        return f"{kind} {distribution.low:g}"
    step = "" if distribution.step in (None, 1) else f" in steps of {distribution.step:g}"
    log = ":log" if distribution.log else ""
    return f"{kind} {distribution.low:g}:{distribution.high:g}{log}{step}"


def replay(space: Space, values: Mapping[str, Any], data: DataSpec) -> pl.LightningModule:
    """Builds the model that a space makes of given values.

    Optuna's own `FixedTrial` ignores a name that the space lacks and only warns about a value
    out of range; here both are errors, because such a model is not the one that was meant.

    Args:
        space: The search space.
        values: The value of each of its parameters.
        data: The data.

    Raises:
        NotInSpaceError: If a value is missing, out of range, or of a name that the space lacks.
    """
    return _replay(space, values, data)[0]


def replay_distributions(
    space: Space, values: Mapping[str, Any], data: DataSpec
) -> dict[str, BaseDistribution]:
    """Returns what a space would have chosen given values from; no weight is computed.

    Args:
        space: The search space.
        values: The value of each of its parameters.
        data: The data.

    Raises:
        NotInSpaceError: If a value is missing, out of range, or of a name that the space lacks.
    """
    return _replay(partial(build_without_weights, space), values, data)[1]


def _replay(
    space: Space, values: Mapping[str, Any], data: DataSpec
) -> tuple[pl.LightningModule, dict[str, BaseDistribution]]:
    """Builds a model of given values, and notes what each was asked for."""
    asked: dict[str, BaseDistribution] = {}
    meant = dict(values)  # the trial answers from it

    def check(name: str, distribution: BaseDistribution) -> BaseDistribution:
        asked[name] = distribution
        if name not in values:
            raise NotInSpaceError(name, f"there is no value for {name}; {_hint(name, values)}")
        try:
            meant[name] = _matching_value(distribution, values[name])
        except LookupError as error:
            raise NotInSpaceError(
                name,
                f"{name} = {values[name]!r} is outside its range, "
                f"{describe_distribution(distribution)}",
            ) from error
        return distribution

    model = space(watch(FixedTrial(meant), check), data)
    for name in values:
        if name not in asked:
            hint = did_you_mean(name, list(asked))
            raise NotInSpaceError(name, f"the space has no parameter {name!r}; {hint}")
    return model, asked


def _nearest(distribution: BaseDistribution, value: Any) -> Any:
    """Returns the value of a range that is nearest; raises LookupError if there is none."""
    if isinstance(distribution, CategoricalDistribution):
        return find_choice(distribution.choices, value)
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LookupError(value)
    low, high, step = distribution.low, distribution.high, distribution.step
    inside = min(max(value, low), high)
    return inside if step is None else low + round((inside - low) / step) * step


def _hint(name: str, values: Mapping[str, Any]) -> str:
    return did_you_mean(name, list(values)) if values else "no value is given at all"


def _matching_value(distribution: BaseDistribution, value: Any) -> Any:
    """Returns a value as its range has it; raises LookupError if it lies outside."""
    if isinstance(distribution, CategoricalDistribution):
        return find_choice(distribution.choices, value)
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    kinds = (int,) if isinstance(distribution, IntDistribution) else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise LookupError(value)
    inside = distribution.low <= value <= distribution.high
    if not (inside and distribution._contains(float(value))):  # its steps too
        raise LookupError(value)
    return value
