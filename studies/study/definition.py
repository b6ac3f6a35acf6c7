"""Comparing definitions: the trials of studies with equal definitions are comparable."""

import re
from collections.abc import Mapping

FROM_ENTRY = "from"
"""The entry of a definition that names the source of reused trials. It may differ."""

_RANGE = re.compile(r"(int|float|one of) ")
"""The first words of the range of a parameter."""


def definition_differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Returns a line for each entry of two definitions that differs."""
    return [
        f"{name} is {before.get(name, 'absent')} there, {now.get(name, 'absent')} here"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name) and name != FROM_ENTRY
    ]


def without_ranges(definition: Mapping[str, str]) -> dict[str, str]:
    """Returns the entries of a definition that are not ranges of parameters."""
    return {n: text for n, text in definition.items() if n == "data" or not _RANGE.match(text)}
