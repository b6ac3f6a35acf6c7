"""A stranger's study: a module of the user's that holds a `StudySpec`."""

import importlib
import os
import sys

from ..storage.runs import check_name
from .errors import StudyError
from .spec import StudySpec


def own_spec(model: str) -> StudySpec:
    """Imports the `StudySpec` that `module:NAME` names, from the working folder or as installed.

    Raises:
        StudyError: If there is none.
    """
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    module, _, name = model.partition(":")
    try:
        spec = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise  # an import inside the user's module failed: that is theirs to see whole
        raise StudyError(f"there is no module {module!r} in {here} or installed") from error
    except ImportError as error:
        if error.name != "latentune":
            raise
        raise StudyError(f"{module}: {error}") from error
    except TypeError as error:
        if "Objective.__init__" not in str(error):
            raise
        raise StudyError(
            f'{module}: {error}; metrics are named as metrics={{"val_mse": "minimize"}}'
        ) from error
    except AttributeError as error:
        raise StudyError(f"module {module!r} has no {name!r}") from error
    if not isinstance(spec, StudySpec):
        raise StudyError(f"{model} is a {type(spec).__name__}, not a StudySpec")
    check_name(spec.name)
    return spec
