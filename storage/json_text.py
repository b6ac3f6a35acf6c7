"""Writes JSON without NaN and infinite numbers, and reads JSON from untrusted sources."""

import json
import math
from typing import Any


def to_strict_json(value: Any) -> str:
    """Returns a value as indented JSON, in which NaN and infinite numbers become null.

    Example:
        >>> print(to_strict_json([0.5, float("nan")]), end="")
        [
          0.5,
          null
        ]
    """
    return json.dumps(_replace_non_finite(value), indent=2, allow_nan=False) + "\n"


def parse_json(text: str | bytes) -> Any:
    """Returns the value in a JSON text, which may come from an untrusted source.

    Raises:
        ValueError: If the text is not JSON, is nested too deeply, or is not valid Unicode.
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
