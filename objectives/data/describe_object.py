"""Error texts for a Python object that was passed where a name or a path is expected."""

import inspect
import os
from collections.abc import Mapping
from typing import Any

MAX_TEXT_LENGTH = 60
SAVE_ARRAY_HINT = "np.savez('data.npz', x=..., y=...), and name that file"
SPEC_HINT = "put it into a StudySpec in a module of yours, such as mine.py, and search 'mine:SPEC'"
CONVERSION_HINTS = {
    "pandas.DataFrame": "save it by to_csv('data.csv', index=False), and name that file",
    "pandas.Series": "save it by to_csv('data.csv', index=False), and name that file",
    "pytorch_lightning.LightningDataModule": SPEC_HINT,
    "lightning.LightningDataModule": SPEC_HINT,
    "torch.DataLoader": f"give its data set, or {SPEC_HINT}",
    "torch.Dataset": f"save its items by {SAVE_ARRAY_HINT}; or {SPEC_HINT}",
    "pytorch_lightning.LightningModule": SPEC_HINT,
    "lightning.LightningModule": SPEC_HINT,
    "torch.Module": SPEC_HINT,
    "latentune.StudySpec": "name it by its module, such as 'mine:SPEC'",
    "latentune.Objective": "put it into a StudySpec in a module of yours, and name 'mine:SPEC'",
    "latentune.Best": "name its file, such as runs/STUDY/best.toml",
    "latentune.FinalTraining": "name its study, or the model.ckpt in its `folder`",
    "optuna.Study": "name it by its `study_name`",
    "numpy.ndarray": f"save it by {SAVE_ARRAY_HINT}",
    "torch.Tensor": f"save it by {SAVE_ARRAY_HINT}",
    "numpy.MaskedArray": "fill its masked values by its method `filled`",
    "scipy.sparray": "make it dense by its method `toarray`",
    "scipy.spmatrix": "make it dense by its method `toarray`",
    "sklearn.Bunch": "give its `frame`, or (its `data`, its `target`)",
    "builtins.dict": "give the pair (x, y)",
    "PIL.Image": "save it by its method `save`, and name that file",
    "_io._IOBase": "name the file",
}
"""What the user should do with an object, by the package and name of the object's class.

The hint for a class also applies to its subclasses.
"""


def describe_object(value: Any) -> str:
    """Returns a short description of a value, such as `an array of shape (3, 2)`."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, str | bytes):
        return repr(value) if len(value) <= MAX_TEXT_LENGTH else f"{value[:MAX_TEXT_LENGTH]!r}..."
    if value is None or isinstance(value, bool | int | float | complex | os.PathLike):
        return repr(value)
    kind = type(value).__name__.removeprefix("nd")
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{_with_article(kind)} of shape {tuple(shape)}"
    if isinstance(value, list | tuple | set | frozenset | Mapping):
        return f"{_with_article(kind)} of {len(value)}"
    return _with_article(kind)


def conversion_hint(value: Any) -> str:
    """Returns advice on how to save an object to a file; empty if there is no advice."""
    for base in (value if isinstance(value, type) else type(value)).__mro__:
        hint = CONVERSION_HINTS.get(f"{base.__module__.partition('.')[0]}.{base.__name__}")
        if hint is not None:
            return hint
    return ""


def accepts_arguments(function: Any, count: int) -> bool:
    """Returns whether a function or class can be called with `count` positional arguments.

    The result is True for objects that are not callable, and for functions without a signature.
    """
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return not callable(function)
    except ValueError:  # a function that is not written in Python
        pass
    return True


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"
