"""Choices of a categorical parameter: found by value and type, and named in words."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from .space_errors import SpaceError


def is_same_choice(a: Any, b: Any) -> bool:
    """Returns whether two values are one: 1, 1.0 and True are three, and NaN is itself."""
    if type(a) is not type(b):
        return False
    return bool(a == b) or (isinstance(a, float) and math.isnan(a) and math.isnan(b))


def find_choice(choices: Sequence[Any], value: Any) -> Any:
    """Returns the choice that a value means: the same one, or a number that equals it.

    Raises:
        LookupError: If there is none.
    """
    for choice in choices:
        if is_same_choice(choice, value):
            return choice
    for choice in choices:  # a file that a person edits may say 1 for 1.0
        numbers = [type(one) in (int, float) for one in (choice, value)]
        if all(numbers) and choice == value:
            return choice
    raise LookupError(value)


def check_choices(name: str, choices: Sequence[Any]) -> None:
    """Checks that Optuna can tell the choices of a parameter apart.

    It records the first choice that equals a value, and to Python 1, 1.0 and True are equal.

    Raises:
        SpaceError: If two choices are equal and of different types.
    """
    for i, a in enumerate(choices):
        for b in choices[:i]:
            if type(a) is not type(b) and a == b:
                raise SpaceError(
                    f"the choices {b!r} and {a!r} of {name} are equal, so that Optuna records "
                    f"both as {b!r}: write one of them as text"
                )


def choice_labels(choices: Sequence[Any]) -> dict[str, Any]:
    """Returns the choices by the words that name them on the command line.

    That is the text of a choice, or its Python literal where two choices have the same text, such
    as None and "None", or where the text is empty or has a comma.
    """
    texts = Counter(map(str, choices))
    words = {}
    for choice in choices:
        text = str(choice)
        plain = texts[text] == 1 and text.strip() and "," not in text
        words[text if plain else repr(choice)] = choice
    return words
