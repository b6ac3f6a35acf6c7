"""Folders that the processes of a test run fill once and share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared_folder(places: pytest.TempPathFactory, name: str, fill: Callable[[Path], None]) -> Path:
    """Returns a folder that the first process that asks for it fills; tests only read it."""
    place = places.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    folder = place / name
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            fill(unfinished := places.mktemp(name))
            os.rename(unfinished, folder)
    return folder
