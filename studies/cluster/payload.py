"""What goes along to the nodes: data in memory, files that are read, and the user's code."""

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
"""What of a recipe may name a file."""


class Payload(NamedTuple):
    """What goes along, as arrays: Ray keeps one copy on each node, which all there map.

    Attributes:
        splits: The data in memory.
        files: What is in each file that is read.
        code: The user's modules, by their paths in the working folder.
    """

    splits: list[Any]
    files: dict[str, np.ndarray]
    code: dict[str, bytes]

    @property
    def runtime_env(self) -> dict[str, Any]:
        """What keeps a process that has imported other code from being taken for a call."""
        if not self.code:
            return {}
        digest = hashlib.sha256(repr(sorted(self.code.items())).encode()).hexdigest()
        return {"env_vars": {"LATENTUNE_CODE": digest}}


def pack_payload(files: Iterable[str] = (), model: str = "") -> Payload:
    """Returns the data in memory, files, and code.

    Args:
        files: Paths; what is no file is left out.
        model: What may be a `module:SPEC`.
    """
    found = {path: np.fromfile(path, np.uint8) for path in files if os.path.isfile(path)}
    return Payload(
        _map_nested(serialize_splits(), torch.Tensor, torch.Tensor.numpy), found, user_code(model)
    )


def unpack_payload(payload: Payload, folder: Path) -> dict[str, str]:
    """Takes over what was packed on the head.

    Args:
        payload: What `pack_payload` returned; its arrays may be read-only.
        folder: Where files go that are not on this node.

    Returns:
        The path here of each file that was moved.
    """
    with warnings.catch_warnings():  # nobody writes to them
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        deserialize_splits(_map_nested(payload.splits, np.ndarray, torch.from_numpy))
    local_paths = {}
    for number, (there, content) in enumerate(payload.files.items()):
        if not os.path.exists(there):
            local_paths[there] = str(folder / f"{number}-{os.path.basename(there)}")
            content.tofile(local_paths[there])
    for name, text in payload.code.items():
        path = folder / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    if payload.code:
        sys.path.insert(0, str(folder / "code"))
    return local_paths


def recipe_files(recipe: Recipe) -> list[str]:
    """Returns what a recipe names that may be a file."""
    return [path for name in FILE_FIELDS if (path := getattr(recipe, name)) is not None]


def with_local_files(recipe: Recipe, local_paths: Mapping[str, str]) -> Recipe:
    """Returns a recipe with the paths that its files have on a node."""
    paths: dict[str, Any] = {
        name: local_paths[path]
        for name in FILE_FIELDS
        if (path := getattr(recipe, name)) in local_paths
    }
    return replace(recipe, **paths)


def user_code(model: str) -> dict[str, bytes]:
    """Returns the modules of the working folder that a `module:SPEC` has imported, as files.

    What is installed has to be so on every node.
    """
    found: dict[str, bytes] = {}
    for module in list(sys.modules.values()) if ":" in model else []:
        path = Path(getattr(module, "__file__", None) or "/")
        ours = not module.__name__.startswith(("latentune", "__"))
        if ours and path.is_relative_to(Path.cwd()) and "site-packages" not in path.parts:
            found[path.relative_to(Path.cwd()).as_posix()] = path.read_bytes()
    return found


def _map_nested(values: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """Returns nested lists and tuples in which what is of a kind is changed."""
    if isinstance(values, kind):
        return change(values)
    if isinstance(values, list | tuple):
        return type(values)(_map_nested(value, kind, change) for value in values)
    return values
