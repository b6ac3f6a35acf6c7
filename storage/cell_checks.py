"""Checks whether the values in a database fit the columns of Optuna's tables."""

import json
from collections.abc import Callable
from datetime import datetime
from math import isfinite
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, json_to_distribution
from sqlalchemy import DateTime, Enum, Float, Integer, String, Text

from .attribute_types import name_error
from .json_text import parse_json
from .record import check_limits

VALID_TRIAL_YEARS = (1970, 2200)  # a trial's start and end must be between these years
MAX_EXACT_INTEGER = 2**53
NULLABLE_COLUMNS = ("datetime_start", "datetime_complete", "value", "intermediate_value")
DISTRIBUTION_NAMES = ("IntDistribution", "FloatDistribution", "CategoricalDistribution")
NAME_COLUMNS = ("study_name", "key", "param_name", "library_version")


def cell_error(column: Any, value: Any) -> str | None:
    """Returns why a value is not valid in a column; None if it is valid."""
    if value is None:
        return None if column.name in NULLABLE_COLUMNS else "it must not be empty"
    return CHECKS_BY_TYPE[type(column.type)](column, value)


def _enum_error(column: Any, value: Any) -> str | None:
    if value in column.type.enums and value != "NOT_SET":
        return None
    return f"it must be one of {', '.join(n for n in column.type.enums if n != 'NOT_SET')}"


def _text_error(column: Any, value: Any) -> str | None:
    if not isinstance(value, str):
        return "it is not a text"
    if column.name in NAME_COLUMNS:
        return name_error(value)
    try:
        found = parse_json(value)
        check_limits(found, "it")
    except ValueError as error:
        return str(error)
    if column.name == "distribution_json":
        try:
            parse_distribution(found)
        except Exception as error:  # Optuna raises many classes
            return f"it is not a distribution: {error}"
    return None


def _integer_error(column: Any, value: Any) -> str | None:
    if type(value) is not int:
        return "it is not a whole number"
    least = 1 if column.primary_key or column.foreign_keys else 0
    if not least <= value < MAX_EXACT_INTEGER:
        return f"it must be from {least} to {MAX_EXACT_INTEGER - 1}"
    return None


def _float_error(column: Any, value: Any) -> str | None:
    if type(value) not in (int, float):
        return "it is not a number"
    return None if isfinite(value) else "it must be a finite number"


def time_error(value: Any) -> str | None:
    """Returns why a text is not a valid start or end of a trial; None if it is valid."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return "it is not a date and time"
    if found.tzinfo is not None:
        return "it has a time zone"
    if not VALID_TRIAL_YEARS[0] <= found.year < VALID_TRIAL_YEARS[1]:
        return f"its year is not from {VALID_TRIAL_YEARS[0]} to {VALID_TRIAL_YEARS[1]}"
    return None


def parse_distribution(table: Any) -> BaseDistribution:
    """Returns the distribution that a JSON object of Optuna describes.

    Raises:
        ValueError: If the distribution has an unknown class, or its range is not finite.
        TypeError: If a choice is not None, a boolean, a number or a text.
    """
    if not isinstance(table, dict) or table.get("name") not in DISTRIBUTION_NAMES:
        raise ValueError(f"unknown distribution {table!r:.60}")
    found = json_to_distribution(json.dumps(table))
    if isinstance(found, CategoricalDistribution):
        if not all(isinstance(one, bool | int | float | str | None) for one in found.choices):
            raise TypeError("a choice is not a plain value")
        return found
    for end in (found.low, found.high):  # type: ignore[attr-defined]
        if isinstance(end, bool) or not isinstance(end, int | float) or not isfinite(end):
            raise ValueError("an end of a range is not a finite number")
    return found


CHECKS_BY_TYPE: dict[type, Callable[[Any, Any], str | None]] = {
    Enum: _enum_error,
    Text: _text_error,
    String: _text_error,
    Integer: _integer_error,
    Float: _float_error,
    DateTime: lambda column, value: time_error(value),
}
