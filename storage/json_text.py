"""Strict JSON: writes null for NaN and infinite numbers, and reads only valid Unicode."""

import json
import math
from typing import Any


def to_strict_json(value: Any) -> str:
    """Returns a value as indented lines of JSON, with null for NaN and infinite numbers.

    Example:
        >>> print(to_strict_json([0.5, float("nan")]), end="")
        [
          0.5,
          null
        ]
    """
    return json.dumps(_replace_non_finite(value), indent=2, allow_nan=False) + "\n"


def parse_json(text: str | bytes) -> Any:
    """Returns the value of a JSON text, which anyone may have written.

    Raises:
        ValueError: If it is not JSON, nested too deeply, or not valid Unicode.
    """
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()  # fails for a lone surrogate
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from error
    return value


def _replace_non_finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _replace_non_finite(of_name) for name, of_name in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_non_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
