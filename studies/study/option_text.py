"""Parses option values that users type. All functions raise ValueError for a wrong text."""

import re

SECONDS_PER_UNIT = {"s": 1, "m": 60, "h": 3600}


def parse_duration(text: str) -> float:
    """Returns the number of seconds in a duration such as `90s`, `20m` or `1.5h`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        raise ValueError(f"{text!r} is not a time such as 90s, 20m or 1.5h")
    return float(match[1]) * SECONDS_PER_UNIT[match[2]]


def parse_names(text: str) -> tuple[str, ...]:
    """Returns the names in a text such as `mse,kl`."""
    return tuple(text.split(","))


def parse_assignment(text: str) -> tuple[str, str]:
    """Returns the name and the value in a text such as `lr=1e-3`."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ValueError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def parse_pair(text: str) -> tuple[int, int]:
    """Returns the two integers in a text such as `3,14`."""
    first, comma, second = text.partition(",")
    if not (comma and first.isdecimal() and second.isdecimal()):
        raise ValueError(f"{text!r} is not two numbers such as 3,14")
    return int(first), int(second)


def parse_indices(text: str) -> tuple[int, ...]:
    """Returns the integers in a text such as `3,14,15`."""
    words = text.split(",")
    if not all(map(str.isdecimal, words)):
        raise ValueError(f"{text!r} is not numbers such as 3,14")
    return tuple(map(int, words))


def parse_shares(text: str) -> tuple[float, float, float]:
    """Returns the three numbers in a text such as `60/10/30`."""
    try:
        first, second, third = map(float, text.split("/"))
    except ValueError:
        raise ValueError(f"{text!r} is not three numbers such as 60/10/30") from None
    return first, second, third


def parse_label_counts(text: str) -> tuple[int | None, ...]:
    """Returns the numbers in a text such as `100,1000,all`, with None for `all`."""
    for word in text.split(","):
        if word != "all" and not word.isdecimal():
            raise ValueError(f"{word!r} is neither a number nor 'all'")
    return tuple(None if word == "all" else int(word) for word in text.split(","))
