"""JSON that every reader takes: a figure that is not defined is null."""

import json
import math
from typing import Any


def to_json(value: Any) -> str:
    """Returns a value as indented lines of JSON, with null for NaN and infinite numbers.

    Example:
        >>> print(to_json([0.5, float("nan")]), end="")
        [
          0.5,
          null
        ]
    """
    return json.dumps(_defined(value), indent=2, allow_nan=False) + "\n"


def _defined(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _defined(of_name) for name, of_name in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
