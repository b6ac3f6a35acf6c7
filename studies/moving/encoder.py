"""The encoder that came with a study on it: in its own place, or beside the study."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ...storage.archive import is_portable
from ...storage.checkpoint import file_hash
from ...storage.runs import Runs, StorageError, check_name
from .contents import BEST, CHECKPOINT, ENCODER
from .package import Package
from .record import Record

PACKED = f"{ENCODER}/{CHECKPOINT}"


def encoder_place(package: Package, target: str, runs: Runs) -> dict[str, Path]:
    """Returns where the files of an encoder go, by their names in the zip.

    There are none if the zip has no encoder, or it is here already.

    Args:
        package: The zip.
        target: What the study is called here.
        runs: The runs folder.
    """
    if PACKED not in package.archive.files:
        return {}
    recipe = package.record.user_attrs["recipe"]
    home = Path(os.path.realpath(runs.root), recipe["encoder"])
    if home.is_file() and file_hash(home) == recipe["encoder_hash"]:
        return {}
    if os.path.lexists(home) or not _is_home(recipe["encoder"], package.record.name):
        home = runs.root / target / ENCODER / CHECKPOINT
    else:
        home = runs.root / recipe["encoder"]
    places = {PACKED: home, f"{ENCODER}/{BEST}": home.with_name(BEST)}
    return {name: path for name, path in places.items() if name in package.archive.files}


def on_encoder(record: Record, places: Mapping[str, Path], runs: Runs) -> Record:
    """Returns a record of a study on an encoder in its new place."""
    if PACKED not in places:
        return record
    path = runs.inside(places[PACKED])
    attrs = record.user_attrs
    moved = {
        "recipe": {**attrs["recipe"], "encoder": path},
        "parent": {**attrs["parent"], "checkpoint": path},
    }
    return replace(record, user_attrs={**attrs, **moved})


def _is_home(path: str, study: str) -> bool:
    """Whether a path is that of a network in the folder of another study."""
    first, *rest = PurePosixPath(path).parts
    try:
        check_name(first)
    except StorageError:
        return False
    return bool(rest) and rest[-1] == CHECKPOINT and is_portable(path) and first != study
