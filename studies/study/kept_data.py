"""Replaces data in memory by a file in the runs folder, in the arguments of a function."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ...objectives.data.memory.keep_data import is_in_memory, keep_data
from ...storage.runs_folder import Runs

Data: TypeAlias = str | Path | object
"""Data that a user gives: a name, a path, or what `keep_data` takes."""


def with_kept_data(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns arguments in which `data` is a name or a path.

    Data in memory are written to the folder `data` of the runs folder. The table options with
    which this file is read are added. An option that the user has given stays, and columns of
    categories are added to those in `as_category`, unless the user calls them numbers.
    """
    given = dict(arguments)
    if is_in_memory(given.get("model")):
        given |= {"model": "auto", "data": given["model"]}
    if not is_in_memory(given["data"]):
        return given
    kept = keep_data(given["data"], Runs(Path(given["runs"])).data, given.get("target"))
    usual = {name: value for name, value in kept.options.items() if not given.get(name)}
    declared = [*given.get("as_category", ()), *kept.options.get("as_category", ())]
    categories = [
        name for name in dict.fromkeys(declared) if name not in given.get("as_number", ())
    ]
    return given | {"data": kept.path} | usual | {"as_category": categories}
