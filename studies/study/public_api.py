"""What the functions have in common that people call from Python."""

import inspect
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar, get_type_hints

from ...search_spaces.space_errors import did_you_mean
from ...storage.redact import shown
from ..display.progress_display import show_progress
from .argument_checks import convert_argument
from .defaults import OPTION_NAMES
from .study_error import explain_unreadable_database

P = ParamSpec("P")
R = TypeVar("R")

PYTHON_NAMES = {option: argument for argument, option in OPTION_NAMES.items()} | {"fix": "ranges"}
"""What arguments are called that people know from the command line."""


def public_api(function: Callable[P, R]) -> Callable[P, R]:
    """Makes a function check its arguments, and show its progress to who watches.

    An argument that it does not have names the one that was meant. Values are held against the
    annotations, see `convert_argument`, so that each function gets what it says.

    Raises:
        TypeError: If it is called with an argument that it does not have.
        StudyError: If a value is of another kind than the annotation says.
        StorageError: If it fails because the database holds what cannot be read.
    """
    signature = inspect.signature(function)
    known = list(signature.parameters)
    hints = cache(lambda: get_type_hints(function))

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in known:
                meant = PYTHON_NAMES.get(name)
                hint = f"did you mean {meant!r}?" if meant in known else did_you_mean(name, known)
                raise TypeError(f"{function.__name__}() has no argument {name!r}; {hint}")
        show_progress()
        bound = signature.bind(*args, **kwargs)
        try:
            for name, value in bound.arguments.items():
                bound.arguments[name] = convert_argument(name, value, hints().get(name, Any))
            return function(*bound.args, **bound.kwargs)
        except Exception as error:
            explained = explain_unreadable_database(error)
            if isinstance(explained, ValueError):  # as ours are; a password was perhaps typed
                said = (shown(arg) if isinstance(arg, str) else arg for arg in explained.args)
                explained.args = tuple(said)
            if explained is error:
                raise
            raise explained from error

    return call
