"""The data, files and code that workers on other nodes need."""

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
"""The fields of a recipe that may name a file."""


class Payload(NamedTuple):
    """Data as arrays: Ray keeps one copy on each node for all its workers."""

    splits: list[Any]
    files: dict[str, np.ndarray]
    code: dict[str, bytes]

    @property
    def runtime_env(self) -> dict[str, Any]:
        """Ray's runtime environment of the workers, with a hash of the code.

        Ray reuses a process only in the same environment. So no worker gets a process that has
        already imported other code.
        """
        if not self.code:
            return {}
        digest = hashlib.sha256(repr(sorted(self.code.items())).encode()).hexdigest()
        return {"env_vars": {"LATENTUNE_CODE": digest}}


def pack_payload(files: Iterable[str] = (), model: str = "") -> Payload:
    """Returns the data in memory, the files that exist, and the code of a `module:SPEC` model."""
    contents = {path: np.fromfile(path, np.uint8) for path in files if os.path.isfile(path)}
    splits = _map_nested(serialize_splits(), torch.Tensor, torch.Tensor.numpy)
    return Payload(splits, contents, user_code(model))


def unpack_payload(payload: Payload, folder: Path) -> dict[str, str]:
    """Restores data, files and code on a node.

    Returns:
        The path on this node of each file that was written.
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
    """Returns the fields of a recipe that may be paths of files."""
    return [path for name in FILE_FIELDS if (path := getattr(recipe, name)) is not None]


def with_local_files(recipe: Recipe, local_paths: Mapping[str, str]) -> Recipe:
    """Returns a recipe with the paths of its files on this node."""
    paths: dict[str, Any] = {}
    for name in FILE_FIELDS:
        if (path := getattr(recipe, name)) in local_paths:
            paths[name] = local_paths[path]
    return replace(recipe, **paths)


def user_code(model: str) -> dict[str, bytes]:
    """Returns the code of a `module:SPEC`: the imported modules of the working folder.

    Installed packages must be installed on every node.
    """
    code: dict[str, bytes] = {}
    for module in list(sys.modules.values()) if ":" in model else []:
        path = Path(getattr(module, "__file__", None) or "/")
        is_theirs = not module.__name__.startswith(("latentune", "__"))
        if is_theirs and path.is_relative_to(Path.cwd()) and "site-packages" not in path.parts:
            code[path.relative_to(Path.cwd()).as_posix()] = path.read_bytes()
    return code


def _map_nested(values: Any, kind: type, convert: Callable[[Any], Any]) -> Any:
    """Returns nested lists and tuples with the values of one type converted."""
    if isinstance(values, kind):
        return convert(values)
    if isinstance(values, list | tuple):
        return type(values)(_map_nested(value, kind, convert) for value in values)
    return values
