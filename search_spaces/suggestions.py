"""Records, overrides and replays the values that a search space suggests.

A search space is a function that calls `trial.suggest_float` and the like, and builds a model.
Only these calls tell which parameters the space has.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import BaseTrial, FixedTrial

from ..models.data_spec import DataSpec
from ..models.types import Space
from .distributions import check_choices, describe_distribution, find_value, nearest_value
from .space_errors import NotInSpaceError, SpaceError, did_you_mean

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule

Override = Callable[[str, BaseDistribution], BaseDistribution]
"""A function that takes a parameter and its distribution, and returns the distribution to use."""

ADDED_PARAMETERS = {"linear_path": False, "ema": 0.0}
"""Parameters that some spaces of version 0.1.0 lacked, with the value that their networks had."""
N_RANDOM_TRIALS = 16  # enough to find the conditional parameters of a space


class _OverridingTrial:
    """Wraps a trial; replaces distributions, and puts a prefix before the names of parameters."""

    def __init__(self, trial: BaseTrial, override: Override, prefix: str = "") -> None:
        self._trial, self._override, self._prefix = trial, override, prefix

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trial, name)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> Any:
        return self._suggest(name, FloatDistribution(low, high, log=log, step=step))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> Any:
        return self._suggest(name, IntDistribution(low, high, log=log, step=step))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self._suggest(name, CategoricalDistribution(choices))

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        used = self._override(name, distribution)
        assert type(used) is type(distribution)
        name = self._prefix + name
        if isinstance(used, CategoricalDistribution):
            return self._trial.suggest_categorical(name, used.choices)
        if isinstance(used, IntDistribution):
            return self._trial.suggest_int(name, used.low, used.high, step=used.step, log=used.log)
        assert isinstance(used, FloatDistribution)
        return self._trial.suggest_float(name, used.low, used.high, step=used.step, log=used.log)


def override_suggestions(trial: BaseTrial, override: Override) -> BaseTrial:
    """Returns a wrapper of a trial that suggests from distributions returned by `override`."""
    return cast(BaseTrial, _OverridingTrial(trial, override))


def add_prefix(trial: BaseTrial, prefix: str) -> BaseTrial:
    """Returns a wrapper of a trial that puts a prefix before the name of each parameter."""
    return cast(BaseTrial, _OverridingTrial(trial, lambda name, original: original, prefix))


@contextmanager
def silence_optuna() -> Iterator[None]:
    """Turns off Optuna's log message about a new study in a `with` block."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def random_trials(n: int) -> list[optuna.Trial]:
    """Returns n trials of a study in memory; their suggestions are random, with a fixed seed."""
    with silence_optuna():
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [study.ask() for _ in range(n)]


class SpaceParameters(NamedTuple):
    """The parameters of a search space.

    Attributes:
        distributions: The distribution of each parameter, by name.
        defaults: The default of each option of the model, by name.
    """

    distributions: dict[str, BaseDistribution]
    defaults: dict[str, Any]

    def first_trial(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the parameters of the first trial, with the given values.

        A parameter without a given value has the model's default. A parameter without a default is
        left out. A value outside the range of its parameter is moved to the nearest end.
        """
        known, params = {**self.defaults, **values}, {}
        for name, distribution in self.distributions.items():
            if name in known:
                with suppress(LookupError):
                    params[name] = nearest_value(distribution, known[name])
        return params


def record_parameters(space: Space, data: DataSpec) -> SpaceParameters:
    """Returns the parameters that a search space suggests in a few random trials.

    Raises:
        SpaceError: If Optuna cannot tell two choices of a parameter apart.
    """
    distributions: dict[str, BaseDistribution] = {}
    defaults: dict[str, Any] = {}
    for trial in random_trials(N_RANDOM_TRIALS):
        defaults |= _default_options(type(build_without_weights(space, trial, data)))
        distributions |= trial.distributions
    for name, distribution in distributions.items():
        if isinstance(distribution, CategoricalDistribution):
            check_choices(name, distribution.choices)
    return SpaceParameters(distributions, defaults)


def build_without_weights(space: Space, trial: BaseTrial, data: DataSpec) -> LightningModule:
    """Builds the model of a search space on PyTorch's meta device, which allocates no weights.

    If the space computes with tensors, this is impossible, and the model is built with weights.
    """
    from .meta_device import meta_device

    try:
        with meta_device():
            return space(trial, data)
    except (NotImplementedError, RuntimeError):
        return space(trial, data)


def check_memory(build: Callable[[], LightningModule]) -> None:
    """Raises SpaceError if the weights of the model that `build` returns exceed free memory."""
    import psutil

    from .meta_device import meta_device

    try:
        with meta_device():
            size = sum(weights.nbytes for weights in build().parameters())
    except (NotImplementedError, RuntimeError) as error:  # as in `build_without_weights`
        if "overflow" not in str(error):
            return
        raise SpaceError(f"no network can be so large: {error}") from error
    if size > (free := psutil.virtual_memory().available):
        raise SpaceError(f"the network needs {size:,} bytes of memory, and {free:,} are free")


def _default_options(model: type) -> dict[str, Any]:
    """Returns the defaults of a model's options, including the options of its base class."""
    defaults: dict[str, Any] = {}
    for base in model.__mro__:
        # mypy warns about the __init__ of a subclass, which is the one that is meant.
        init = inspect.signature(base.__init__).parameters.values()  # type: ignore[misc]
        defaults = {p.name: p.default for p in init} | defaults
        if all(p.kind is not p.VAR_KEYWORD for p in init):
            break
    return defaults


def replay(space: Space, values: Mapping[str, Any], data: DataSpec) -> LightningModule:
    """Builds the model of a search space with given values of its parameters.

    Unknown names and values out of range are errors, because the user meant another model.
    Optuna's `FixedTrial` ignores unknown names, and only warns about values out of range.

    Raises:
        NotInSpaceError: If a value is missing or out of range, or the space lacks its parameter.
    """
    return _replay(space, values, data)[0]


def replay_distributions(
    space: Space, values: Mapping[str, Any], data: DataSpec
) -> dict[str, BaseDistribution]:
    """Returns the distribution of each parameter in `values`; raises the errors of `replay`."""
    return _replay(partial(build_without_weights, space), values, data)[1]


def nearest_parameters(
    space: Space, values: Mapping[str, Any], data: DataSpec
) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
    """Returns the parameters of a search space that are nearest to `values`.

    The distribution of each parameter is returned too. Values that the space does not ask for are
    left out.

    Raises:
        NotInSpaceError: If a parameter has no value, or its value is not one of its choices.
    """
    params: dict[str, Any] = {}
    distributions: dict[str, BaseDistribution] = {}

    def choose(name: str, distribution: BaseDistribution) -> BaseDistribution:
        try:
            known = values if name in values else _added_parameter(name)
            params[name] = nearest_value(distribution, known[name])
        except LookupError as error:
            raise NotInSpaceError(name, f"{name} has no value in its range") from error
        distributions[name] = distribution
        return distribution

    build_without_weights(space, override_suggestions(FixedTrial(params), choose), data)
    return params, distributions


def _replay(
    space: Space, values: Mapping[str, Any], data: DataSpec
) -> tuple[LightningModule, dict[str, BaseDistribution]]:
    distributions: dict[str, BaseDistribution] = {}
    typed = dict(values)  # the trial suggests from it

    def check(name: str, distribution: BaseDistribution) -> BaseDistribution:
        if name not in values and (added := _added_parameter(name)):
            typed.update(added)
            return distribution
        distributions[name] = distribution
        if name not in values:
            hint = did_you_mean(name, list(values)) if values else "no value is given at all"
            raise NotInSpaceError(name, f"{name} has no value; {hint}")
        try:
            typed[name] = find_value(distribution, values[name])
        except LookupError as error:
            found = describe_distribution(distribution)
            raise NotInSpaceError(
                name, f"{name} = {values[name]!r} is outside its range, {found}"
            ) from error
        return distribution

    model = space(override_suggestions(FixedTrial(typed), check), data)
    for name in values:
        if name not in distributions:
            hint = did_you_mean(name, list(distributions))
            raise NotInSpaceError(name, f"the space has no parameter {name!r}; {hint}")
    return model, distributions


def _added_parameter(name: str) -> dict[str, Any]:
    """Returns the value of a parameter that version 0.1.0 lacked, by name; else nothing."""
    short = name.rpartition(".")[2]  # before it is the model, in a study of several
    return {name: ADDED_PARAMETERS[short]} if short in ADDED_PARAMETERS else {}
