"""Parses ranges that a user types, such as `2:32:log`, `relu,tanh` or one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import BaseTrial

from ..models.data_spec import DataSpec
from ..models.types import Space
from .distributions import choice_labels, describe_distribution
from .space_errors import SpaceError, did_you_mean
from .suggestions import SpaceParameters, override_suggestions, record_parameters

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule

MAX_EXACT_INTEGER = 2**53  # floats and the database cannot represent all larger integers


@dataclass(frozen=True)
class RangedSpace:
    """A search space in which some parameters have other ranges.

    Attributes:
        space: The original space.
        ranges: The new range of each changed parameter, as text for `parse_range`.
    """

    space: Space
    ranges: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, trial: BaseTrial, data: DataSpec) -> LightningModule:
        """Builds the model from suggestions in the new ranges."""

        def override(name: str, original: BaseDistribution) -> BaseDistribution:
            if name not in self.ranges:
                return original
            return parse_range(name, original, self.ranges[name])

        return self.space(override_suggestions(trial, override), data)


def discover_parameters(
    space: Space,
    data: DataSpec,
    record: Callable[[Space, DataSpec], SpaceParameters] | None = None,
) -> SpaceParameters:
    """Returns the parameters of a search space, and checks the ranges of a `RangedSpace`.

    `record` is the function that finds the parameters; None means `record_parameters`.

    Raises:
        SpaceError: If a range does not fit, names a parameter that the space lacks, or contains
            values that the model rejects.
    """
    record = record or record_parameters
    if not isinstance(space, RangedSpace) or not space.ranges:
        return record(space, data)
    try:
        found = record(space, data)
    except SpaceError:
        raise
    except (ValueError, RuntimeError, MemoryError) as error:  # torch has its own error for memory
        raise SpaceError(f"the model rejects these ranges: {error}") from error
    for name in space.ranges:
        if name not in found.distributions:
            # Another range may exclude the branch in which the parameter is suggested.
            known = record(space.space, data).distributions
            hint = "not with these ranges" if name in known else did_you_mean(name, list(known))
            raise SpaceError(f"the space has no parameter {name!r}; {hint}")
    return found


def parse_range(name: str, original: BaseDistribution, text: str) -> BaseDistribution:
    """Returns a distribution of the type of `original`, with the range in `text`.

    Args:
        name: Name of the parameter, for messages.
        original: The distribution that the search space has for the parameter.
        text: One of `low:high`, which keeps a linear or log scale; `low:high:log`;
            `low:high:linear`; choices of a categorical parameter, separated by commas; or one
            value.

    Raises:
        SpaceError: If the text is not a range for this type of parameter.
    """
    try:
        if isinstance(original, CategoricalDistribution):
            return _parse_choices(original, text)
        if isinstance(original, IntDistribution):
            low, high, log = _parse_interval(text, int, original.log)
            return IntDistribution(int(low), int(high), log=log, step=1 if log else original.step)
        assert isinstance(original, FloatDistribution)
        low, high, log = _parse_interval(text, float, original.log)
        return FloatDistribution(low, high, log=log, step=None if log else original.step)
    except ValueError as error:
        raise SpaceError(
            f"{text!r} is not a range for {name} ({describe_distribution(original)}): "
            f"{str(error).rstrip('.')}"
        ) from error


def _parse_interval(
    text: str, number: Callable[[str], float], log: bool
) -> tuple[float, float, bool]:
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


def _parse_choices(original: CategoricalDistribution, text: str) -> CategoricalDistribution:
    known = choice_labels(original.choices)
    labels = [text] if text in known else text.split(",")  # a choice may contain a comma
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not among its choices")
    return CategoricalDistribution([known[label] for label in labels])
