"""Whether the trials of two studies can be compared: what their definitions say."""

import re
from collections.abc import Mapping

FROM_ENTRY = "from"
"""What a definition calls the study whose trials were taken over; it need not agree."""

_RANGE = re.compile(r"(int|float|one of) ")
"""How the description of what a parameter varies over begins; see `search_spaces.suggestions`."""


def definition_differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Returns what differs between the definition of a study there and another one here."""
    return [
        f"{name} is {before.get(name, 'absent')} there, {now.get(name, 'absent')} here"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name) and name != FROM_ENTRY
    ]


def without_ranges(definition: Mapping[str, str]) -> dict[str, str]:
    """Returns what a definition says beside what its parameters vary over."""
    return {n: text for n, text in definition.items() if n == "data" or not _RANGE.match(text)}
