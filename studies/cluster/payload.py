"""The payload: data, files and code that are sent to workers on other nodes."""

import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ...objectives.data.preparation.splits import deserialize_splits, serialize_splits
from ..study.recipe import Recipe

FILE_FIELDS = ("encoder", "weights")
"""The fields of a recipe that may be paths of files."""


class Payload(NamedTuple):
    """Data, files and code for the workers on another node.

    Data and files are NumPy arrays, of which Ray keeps one copy on each node for all workers.
    """

    splits: list[Any]
    files: dict[str, np.ndarray]
    code: dict[str, bytes]

    @property
    def runtime_env(self) -> dict[str, Any]:
        """Ray's runtime environment of the workers, which contains a hash of the code.

        Ray reuses a process only for the same runtime environment. So a worker never runs in a
        process that has already imported other code.
        """
        if not self.code:
            return {}
        digest = hashlib.sha256(repr(sorted(self.code.items())).encode()).hexdigest()
        return {"env_vars": {"LATENTUNE_CODE": digest}}


def pack_payload(files: Iterable[str] = (), model: str = "") -> Payload:
    """Returns the payload of the data in memory, the existing files of `files`, and user code.

    See `user_code` for the code of `model`.
    """
    contents = {path: np.fromfile(path, np.uint8) for path in files if os.path.isfile(path)}
    splits = _map_nested(serialize_splits(), torch.Tensor, torch.Tensor.numpy)
    return Payload(splits, contents, user_code(model))


def unpack_payload(payload: Payload, folder: Path) -> dict[str, str]:
    """Restores the data, files and code of a payload on this node, in memory and in `folder`.

    Returns:
        The new paths of the files. The keys are the paths in the payload. A file that already
        exists on this node at its path in the payload is left out.
    """
    with warnings.catch_warnings():  # nothing writes to the arrays
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        deserialize_splits(_map_nested(payload.splits, np.ndarray, torch.from_numpy))
    local_paths = {}
    for number, (path, content) in enumerate(payload.files.items()):
        if not os.path.exists(path):
            local_paths[path] = str(folder / f"{number}-{os.path.basename(path)}")
            content.tofile(local_paths[path])
    for name, text in payload.code.items():
        module = folder / "code" / name
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_bytes(text)
    if payload.code:
        sys.path.insert(0, str(folder / "code"))
    return local_paths


def recipe_files(recipe: Recipe) -> list[str]:
    """Returns the values of those fields of a recipe that may be paths of files."""
    return [path for name in FILE_FIELDS if (path := getattr(recipe, name)) is not None]


def with_local_files(recipe: Recipe, local_paths: Mapping[str, str]) -> Recipe:
    """Returns a recipe with the paths of its files replaced by those in `local_paths`."""
    paths: dict[str, Any] = {}
    for name in FILE_FIELDS:
        if (path := getattr(recipe, name)) in local_paths:
            paths[name] = local_paths[path]
    return replace(recipe, **paths)


def user_code(model: str) -> dict[str, bytes]:
    """Returns the user's code, by file name, if `model` is a `module:SPEC`; otherwise no code.

    The code is that of all imported modules in the working folder. Installed packages are not
    included, so they must be installed on every node.
    """
    code: dict[str, bytes] = {}
    for module in list(sys.modules.values()) if ":" in model else []:
        path = Path(getattr(module, "__file__", None) or "/")
        is_theirs = not module.__name__.startswith(("latentune", "__"))
        if is_theirs and path.is_relative_to(Path.cwd()) and "site-packages" not in path.parts:
            code[path.relative_to(Path.cwd()).as_posix()] = path.read_bytes()
    return code


def _map_nested(values: Any, kind: type, convert: Callable[[Any], Any]) -> Any:
    """Returns nested lists and tuples in which `convert` is applied to each value of a type."""
    if isinstance(values, kind):
        return convert(values)
    if isinstance(values, list | tuple):
        return type(values)(_map_nested(value, kind, convert) for value in values)
    return values
