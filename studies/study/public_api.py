"""The decorator `public_api`, for the functions that users call from Python."""

import inspect
import sys
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar, get_type_hints

from ...search_spaces.space_errors import did_you_mean
from ...storage.redact import redact
from ..display.log_messages import print_log_messages_by_default
from ..display.progress_display import show_progress
from .argument_checks import convert_argument
from .garbage_collection import start_garbage_collection
from .study_error import explain_unreadable_database

P = ParamSpec("P")
R = TypeVar("R")

PYTHON_NAMES = {
    "encoder": "encoders",
    "fix": "ranges",
    "from": "origin",
    "method": "methods",
    "range": "ranges",
    "time": "seconds",
}
"""The names of arguments in Python. The keys are their different names on the command line."""


SPLITS_MODULE = "latentune.objectives.data.preparation.splits"


def public_api(function: Callable[P, R]) -> Callable[P, R]:
    """Returns `function` with a check of the arguments, log messages and progress bars.

    Data files that have changed since an earlier call are read again.

    Arguments are converted to the types of their annotations by `convert_argument`.

    Raises:
        TypeError: If the function has no argument with a given name. The message suggests one.
        StudyError: If the value of an argument cannot be converted to the annotation.
        StorageError: If the function fails because Optuna cannot read a cell of the database.
    """
    signature = inspect.signature(function)
    hints = cache(lambda: get_type_hints(function))

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in signature.parameters:
                raise TypeError(_unknown_argument(function.__name__, name, signature))
        start_garbage_collection()
        if SPLITS_MODULE in sys.modules:  # light functions do not import it
            sys.modules[SPLITS_MODULE].forget_changed_files()
        print_log_messages_by_default()
        show_progress()
        bound = signature.bind(*args, **kwargs)
        try:
            for name, value in bound.arguments.items():
                bound.arguments[name] = convert_argument(name, value, hints().get(name, Any))
            return function(*bound.args, **bound.kwargs)
        except Exception as error:
            explained = explain_unreadable_database(error)
            if isinstance(explained, ValueError):  # a password may be in what was typed
                explained.args = tuple(
                    redact(arg) if isinstance(arg, str) else arg for arg in explained.args
                )
            if explained is error:
                raise
            raise explained from error

    return call


def _unknown_argument(function: str, name: str, signature: inspect.Signature) -> str:
    known = list(signature.parameters)
    meant = PYTHON_NAMES.get(name)
    hint = f"did you mean {meant!r}?" if meant in known else did_you_mean(name, known)
    return f"{function}() has no argument {name!r}; {hint}"
