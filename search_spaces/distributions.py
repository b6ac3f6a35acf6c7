"""Finds values in Optuna's distributions, moves values into range, and describes distributions."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from .space_errors import SpaceError


def is_same_choice(a: Any, b: Any) -> bool:
    """Returns whether two choices have the same type and value; NaN counts as equal to NaN."""
    if type(a) is not type(b):
        return False
    return bool(a == b) or (isinstance(a, float) and math.isnan(a) and math.isnan(b))


def find_choice(choices: Sequence[Any], value: Any) -> Any:
    """Returns the choice with the type and value of `value`, or else an equal number.

    If there is none, it raises LookupError.
    """
    for choice in choices:
        if is_same_choice(choice, value):
            return choice
    for choice in choices:  # a file that a person edits may say 1 for 1.0
        if choice == value and {type(choice), type(value)} <= {int, float}:
            return choice
    raise LookupError(value)


def check_choices(name: str, choices: Sequence[Any]) -> None:
    """Raises SpaceError if two choices are equal but have different types.

    Optuna could not tell them apart, because it records the first choice that equals a value. In
    Python, 1, 1.0 and True are equal.
    """
    for i, a in enumerate(choices):
        for b in choices[:i]:
            if type(a) is not type(b) and a == b:
                raise SpaceError(
                    f"the choices {b!r} and {a!r} of {name} are equal, so that Optuna records "
                    f"both as {b!r}: write one of them as text"
                )


def choice_labels(choices: Sequence[Any]) -> dict[str, Any]:
    """Returns the choices by the text that a user types for each on the command line.

    The text is a Python literal if two choices would have the same text, such as None and "None",
    or if the text would be empty or contain a comma.
    """
    texts = Counter(map(str, choices))
    labels = {}
    for choice in choices:
        text = str(choice)
        is_unique = texts[text] == 1 and text.strip() and "," not in text
        labels[text if is_unique else repr(choice)] = choice
    return labels


def describe_distribution(distribution: BaseDistribution) -> str:
    """Returns a distribution as text, such as `int 2:32:log`."""
    if isinstance(distribution, CategoricalDistribution):
        return "one of " + ",".join(choice_labels(distribution.choices))
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    kind = "int" if isinstance(distribution, IntDistribution) else "float"
    if distribution.single():
        return f"{kind} {distribution.low:g}"
    step = "" if distribution.step in (None, 1) else f" in steps of {distribution.step:g}"
    log = ":log" if distribution.log else ""
    return f"{kind} {distribution.low:g}:{distribution.high:g}{log}{step}"


def nearest_value(distribution: BaseDistribution, value: Any) -> Any:
    """Returns the value of a distribution that is nearest to `value`.

    If there is none, it raises LookupError.
    """
    if isinstance(distribution, CategoricalDistribution):
        return find_choice(distribution.choices, value)
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise LookupError(value)
    low, high, step = distribution.low, distribution.high, distribution.step
    inside = min(max(value, low), high)
    return inside if step is None else low + round((inside - low) / step) * step


def find_value(distribution: BaseDistribution, value: Any) -> Any:
    """Returns the value of a distribution that equals `value`; raises LookupError if none does."""
    nearest = nearest_value(distribution, value)
    if isinstance(distribution, CategoricalDistribution):
        return nearest
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    if isinstance(distribution, IntDistribution) and not isinstance(value, int):
        raise LookupError(value)
    if abs(nearest - value) > 1e-8 * (distribution.step or 0):
        raise LookupError(value)
    return value
