"""Compares the definitions of studies. Trials of studies with equal definitions are comparable."""

import re
from collections.abc import Mapping

FROM_ENTRY = "from"
"""The name of a definition entry that may differ: the study whose trials are reused."""
LIMITS_ENTRY = "limits"
"""The name of the definition entry with the largest allowed costs of a network."""

_RANGE = re.compile(r"(int|float|one of) ")
"""Matches the beginning of a definition entry that is the range of a parameter."""


def definition_differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Returns a line of text for each entry that differs between two definitions."""
    return [
        f"{name} is {before.get(name, 'absent')} there, {now.get(name, 'absent')} here"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name) and name != FROM_ENTRY
    ]


def comparable_entries(definition: Mapping[str, str]) -> dict[str, str]:
    """Returns the entries that two studies must share so that one can reuse trials of the other.

    Ranges and limits only say which configurations are tried.
    """
    return {n: text for n, text in without_ranges(definition).items() if n != LIMITS_ENTRY}


def without_ranges(definition: Mapping[str, str]) -> dict[str, str]:
    """Returns the definition without the entries that are ranges of parameters."""
    return {n: text for n, text in definition.items() if n == "data" or not _RANGE.match(text)}
