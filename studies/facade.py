"""What the functions have in common that people call from Python."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from ..search_spaces.words import did_you_mean
from .display import at_work

P = ParamSpec("P")
R = TypeVar("R")


def public(function: Callable[P, R]) -> Callable[P, R]:
    """Makes a function name the argument that was meant, and show its progress to who watches.

    Raises:
        TypeError: If it is called with an argument that it does not have.
    """
    known = list(inspect.signature(function).parameters)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in known:
                raise TypeError(
                    f"{function.__name__}() has no argument {name!r}; {did_you_mean(name, known)}"
                )
        at_work()
        return function(*args, **kwargs)

    return call
