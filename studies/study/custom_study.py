"""Imports custom studies: a custom study is a `StudySpec` in a Python module of the user."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ...storage.runs_folder import check_study_name
from .study_error import StudyError
from .study_spec import StudySpec


def import_spec(model: str) -> StudySpec:
    """Returns the `StudySpec` that `module:NAME` names.

    The module is in the working directory or installed.

    Raises:
        StudyError: If the module does not exist, or has no such `StudySpec`.
    """
    module, _, name = model.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), name)):
        raise StudyError(f"{model!r} is not a model: a StudySpec is named as module:NAME")
    try:
        with _prefer_working_directory() as here:
            spec = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise  # an import in the user's module failed: the user needs the traceback
        raise StudyError(f"there is no module {module!r} in {here} or installed") from error
    except AttributeError as error:
        raise StudyError(f"module {module!r} has no {name!r}") from error
    if not isinstance(spec, StudySpec):
        raise StudyError(f"{model} is a {type(spec).__name__}, not a StudySpec")
    check_study_name(spec.name)
    return spec


@contextmanager
def _prefer_working_directory() -> Iterator[str]:
    """Puts the working directory first in `sys.path` for the block, and last after the block.

    After the block, a file in the working directory cannot take the place of a library.
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
