"""An archive of a searched, trained and sampled study."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

import latentune

from .archives import NAME


@pytest.fixture(scope="session")
def _packed(_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "study.zip"
    latentune.export(NAME, path, runs=_trained)
    return path


@pytest.fixture
def packed(_packed: Path) -> Path:
    """A zip, in the working folder, of a searched, trained and sampled study."""
    return Path(shutil.copy(_packed, "study.zip"))


@pytest.fixture(scope="session")
def table(_packed: Path) -> Any:
    """What a zip holds of a study, as JSON."""
    with zipfile.ZipFile(_packed) as whole:
        return json.loads(whole.read("study.json"))
