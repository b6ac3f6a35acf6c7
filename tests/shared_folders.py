"""Folders that the processes of a test run fill once and share."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared_folder(places: pytest.TempPathFactory, name: str, fill: Callable[[Path], None]) -> Path:
    """Returns a folder that the first process that asks for it fills; tests only read it.

    It is filled where it stays, because studies keep the paths of their data.
    """
    place = places.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    folder = place / name
    filled = folder.with_name(f"{name}.filled")
    with FileLock(f"{folder}.lock"):
        if not filled.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            fill(folder)
            filled.touch()
    return folder
