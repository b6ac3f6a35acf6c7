"""Ranges given by a user: `2:32:log`, `relu,tanh` or one value, in place of a space's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite

import pytorch_lightning as pl
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from .categorical_choices import choice_labels
from .space_errors import SpaceError, did_you_mean
from .suggestions import Space, SpaceParameters, describe_distribution, record_parameters, watch

MAX_EXACT_INTEGER = 2**53  # beyond, floats and the database know no whole numbers


@dataclass(frozen=True)
class RangedSpace:
    """A search space, some of whose parameters vary over other ranges.

    Attributes:
        space: The space as it was written.
        ranges: The text of a range for each parameter whose range is replaced; see `parse_range`.
    """

    space: Space
    ranges: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, trial: BaseTrial, data: DataSpec) -> pl.LightningModule:
        """Builds the model; each suggestion is made over its replaced range."""

        def replace(name: str, own: BaseDistribution) -> BaseDistribution:
            return parse_range(name, own, self.ranges[name]) if name in self.ranges else own

        return self.space(watch(trial, replace), data)


def discover_parameters(
    space: Space,
    data: DataSpec,
    record: Callable[[Space, DataSpec], SpaceParameters] | None = None,
) -> SpaceParameters:
    """Looks at what a space varies, and checks the ranges that were given, if any.

    Args:
        space: The search space.
        data: The data.
        record: How to look at it. If None, by `record_parameters`.

    Raises:
        SpaceError: If a range does not fit, names a parameter that the space lacks, or holds
            values that the model refuses.
    """
    record = record or record_parameters
    if not isinstance(space, RangedSpace) or not space.ranges:
        return record(space, data)
    try:
        found = record(space, data)
    except SpaceError:
        raise
    except (ValueError, RuntimeError, MemoryError) as error:  # torch has its own for memory
        raise SpaceError(f"the model refuses these ranges: {error}") from error
    for name in space.ranges:
        if name not in found.distributions:
            # A range may have left the branch on which its parameter is asked for.
            own = record(space.space, data).distributions
            hint = "not with these ranges" if name in own else did_you_mean(name, list(own))
            raise SpaceError(f"the space has no parameter {name!r}; {hint}")
    return found


def parse_range(name: str, own: BaseDistribution, text: str) -> BaseDistribution:
    """Reads a range for a parameter, of the same kind as its own.

    Args:
        name: The parameter's name, for messages.
        own: The distribution that the space gives it.
        text: `low:high`, which keeps the parameter's scale; `low:high:log` or `low:high:linear`;
            comma-separated choices for a categorical parameter; or one value.

    Raises:
        SpaceError: If the text is no range for this kind of parameter.
    """
    try:
        if isinstance(own, CategoricalDistribution):
            return _choices(own, text)
        if isinstance(own, IntDistribution):
            low, high, log = _interval(text, int, own.log)
            return IntDistribution(int(low), int(high), log=log, step=1 if log else own.step)
        assert isinstance(own, FloatDistribution)
        low, high, log = _interval(text, float, own.log)
        return FloatDistribution(low, high, log=log, step=None if log else own.step)
    except ValueError as error:
        raise SpaceError(
            f"{text!r} is no range for {name} ({describe_distribution(own)}): "
            f"{str(error).rstrip('.')}"
        ) from error


def _interval(text: str, number: Callable[[str], float], log: bool) -> tuple[float, float, bool]:
    first, colon, rest = text.partition(":")
    last, _, scale = rest.partition(":") if colon else (first, "", "")
    low, high = number(first), number(last)
    if not (isfinite(low) and isfinite(high)):
        raise ValueError("its ends must be finite")
    if max(abs(low), abs(high)) > MAX_EXACT_INTEGER:
        raise ValueError(f"its ends must lie within {MAX_EXACT_INTEGER:g}")
    if not colon:
        return low, high, log and low > 0
    if scale not in ("", "log", "linear"):
        raise ValueError(f"its scale {scale!r} is neither log nor linear")
    log = scale == "log" or (log and scale != "linear")
    if log and low <= 0:
        raise ValueError(f"a log range starts above 0, not at {first}")
    if low > high:
        raise ValueError(f"low ({first}) is above high ({last})")
    return low, high, log


def _choices(own: CategoricalDistribution, text: str) -> CategoricalDistribution:
    known = choice_labels(own.choices)
    words = [text] if text in known else text.split(",")  # a choice may have a comma
    unknown = [word for word in words if word not in known]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not among its choices")
    return CategoricalDistribution([known[word] for word in words])
