"""What a search takes along to the nodes: its data, the files it hangs on, and the user's code."""

import os
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ....objectives.data.splits import plain_splits, take_splits
from ..plan import SearchPlan

FILES = ("encoder", "weights")
"""What of a recipe may name a file."""

Shipped = tuple[list[Any], dict[str, np.ndarray]]


def pack(plan: SearchPlan) -> Shipped:
    """Returns the data in memory and the files of a recipe, all as arrays.

    Ray keeps one copy of an array on each node, and all workers there map it.
    """
    named = {path for name in FILES if (path := getattr(plan.recipe, name)) is not None}
    files = {path: np.fromfile(path, np.uint8) for path in named if os.path.isfile(path)}
    return _each(plain_splits(), torch.Tensor, torch.Tensor.numpy), files


def unpack(shipped: Shipped, plan: SearchPlan, folder: Path) -> SearchPlan:
    """Takes over what was packed on the head.

    Args:
        shipped: What `pack` returned; its arrays may be read-only.
        plan: The search.
        folder: Where files go that are not on this node.

    Returns:
        The search, with the paths that its files have here.
    """
    splits, files = shipped
    with warnings.catch_warnings():  # nobody writes to them
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        take_splits(_each(splits, np.ndarray, torch.from_numpy))
    moved: dict[str, Any] = _placed(plan.recipe, files, folder)
    return replace(plan, recipe=replace(plan.recipe, **moved))


def code(plan: SearchPlan) -> list[str]:
    """Returns files and packages of the working folder that the user's `StudySpec` has imported.

    What is installed has to be so on every node.
    """
    if ":" not in plan.recipe.model:
        return []
    here = Path.cwd()
    found = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file is None or module.__name__.startswith(("latentune", "__")):
            continue
        if (path := Path(file)).is_relative_to(here) and "site-packages" not in path.parts:
            found.add(here / path.relative_to(here).parts[0])
    return sorted(map(str, found))


def _placed(recipe: Any, files: Mapping[str, np.ndarray], folder: Path) -> dict[str, str]:
    paths = {}
    for name in FILES:
        path = getattr(recipe, name)
        if path in files and not os.path.exists(path):
            paths[name] = str(folder / f"{name}{Path(path).suffix}")
            files[path].tofile(paths[name])
    return paths


def _each(values: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """Returns nested lists and tuples in which what is of a kind is changed."""
    if isinstance(values, kind):
        return change(values)
    if isinstance(values, list | tuple):
        return type(values)(_each(value, kind, change) for value in values)
    return values
