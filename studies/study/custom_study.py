"""A stranger's study: a module of the user's that holds a `StudySpec`."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ...storage.runs_folder import check_study_name
from .study_error import StudyError
from .study_spec import StudySpec


def import_spec(model: str) -> StudySpec:
    """Imports the `StudySpec` that `module:NAME` names, from the working folder or as installed.

    Raises:
        StudyError: If there is none.
    """
    module, _, name = model.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), name)):
        raise StudyError(f"{model!r} names no StudySpec: it is of the form module:NAME")
    try:
        with _working_directory_first() as here:
            spec = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise  # an import inside the user's module failed: that is theirs to see whole
        raise StudyError(f"there is no module {module!r} in {here} or installed") from error
    except AttributeError as error:
        raise StudyError(f"module {module!r} has no {name!r}") from error
    if not isinstance(spec, StudySpec):
        raise StudyError(f"{model} is a {type(spec).__name__}, not a StudySpec")
    check_study_name(spec.name)
    return spec


@contextmanager
def _working_directory_first() -> Iterator[str]:
    """Lets modules of the working folder be found: first in the block, and last behind it.

    What is imported later, such as a library that a verb needs, is not what lies there by the same
    name.
    """
    here = os.getcwd()
    known = here in sys.path
    if not known:
        sys.path.insert(0, here)
    try:
        yield here
    finally:
        if not known:
            sys.path.remove(here)
            sys.path.append(here)
